import { isRecord } from "../json/isRecord.ts";
import { DataError } from "../tensor/errors.ts";
import { headerValue } from "../weights/hub/headerValue.ts";
import { finiteIn, type LoggedRun, type Outcome, type Tracker } from "./log.ts";
import { post, Refused } from "./request.ts";
import { wallClock } from "./wallClock.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Of one request; servers guarantee as many. */
const MOST_PARAMS = 100;
/** Letters of a setting; servers guarantee as many. */
const MOST_LETTERS = 500;

const statuses: Readonly<Record<Outcome, string>> = {
  ...{ finished: "FINISHED", failed: "FAILED", stopped: "KILLED" },
};

/**
 * An MLflow tracking server. Credentials as MLflow's own client reads them: MLFLOW_TRACKING_TOKEN, or
 * MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.
 * @see https://mlflow.org/docs/latest/rest-api.html
 */
export function mlflow(
  address: string,
  environment: Environment,
  fetch?: typeof globalThis.fetch,
): Tracker {
  const headers = headersOf(environment);
  const ask = (what: string, body: unknown): Promise<Readonly<Record<string, unknown>>> =>
    post(`${address}/api/2.0/mlflow/${what}`, body, headers, fetch);

  async function experimentOf(name: string): Promise<string> {
    try {
      return textIn(await ask("experiments/create", { name }), "experiment_id");
    } catch (error) {
      if (!(error instanceof Refused) || !error.text.includes("RESOURCE_ALREADY_EXISTS"))
        throw error;
    }
    const filter = `name = '${name.replaceAll("'", "''")}'`;
    const { experiments } = await ask("experiments/search", { filter, max_results: 1 });
    return textIn(Array.isArray(experiments) ? experiments[0] : undefined, "experiment_id");
  }

  return {
    async begin({ group, name, settings, tags = [], note }: LoggedRun) {
      const experiment_id = await experimentOf(group);
      const now = wallClock();
      const { run } = await ask("runs/create", {
        ...{ experiment_id, run_name: name, start_time: now() },
        tags: [
          ...(note === undefined ? [] : [{ key: "mlflow.note.content", value: note }]),
          ...tags.map((tag) => ({ key: tag, value: "true" })),
        ],
      });
      const run_id = textIn(isRecord(run) ? run["info"] : undefined, "run_id");
      const params = Object.entries(settings).map(([key, value]) => ({
        ...{ key, value: `${value}`.slice(0, MOST_LETTERS) },
      }));
      for (let i = 0; i < params.length; i += MOST_PARAMS)
        await ask("runs/log-batch", { run_id, params: params.slice(i, i + MOST_PARAMS) });
      return {
        async log(step, metrics) {
          const timestamp = now();
          const sent = finiteIn(metrics).map(([key, value]) => ({ key, value, step, timestamp }));
          if (sent.length > 0) await ask("runs/log-batch", { run_id, metrics: sent });
        },
        async end(outcome) {
          await ask("runs/update", { run_id, status: statuses[outcome], end_time: now() });
        },
      };
    },
  };
}

function headersOf(environment: Environment): Readonly<Record<string, string>> {
  const token = environment["MLFLOW_TRACKING_TOKEN"];
  if (token) return { authorization: `Bearer ${headerValue("MLFLOW_TRACKING_TOKEN", token)}` };
  const name = environment["MLFLOW_TRACKING_USERNAME"];
  const password = environment["MLFLOW_TRACKING_PASSWORD"] ?? "";
  if (!name) return {};
  return { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}` };
}

function textIn(record: unknown, field: string): string {
  const value = isRecord(record) ? record[field] : undefined;
  if (typeof value === "string" && value !== "") return value;
  throw new DataError(
    `mlflow: expected ${field} in the server's answer, got ${JSON.stringify(value)}`,
  );
}
