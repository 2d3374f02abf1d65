import { DataError } from "../tensor/errors.ts";
import { withoutSecrets } from "../weights/hub/address.ts";
import { background } from "./background.ts";
import type { LoggedRun, RunLog, Tracker } from "./log.ts";
import { mlflow } from "./mlflow.ts";
import { tensorBoard } from "./tensorBoard.ts";
import { trackio } from "./trackio.ts";

const KINDS = "mlflow=URL, trackio=URL or tensorboard=folder";

/**
 * A tracker as the command line names it: `mlflow=http://localhost:5000`, `trackio=http://localhost:7860`,
 * `tensorboard=logs`. Secrets come from the environment, as the trackers' own clients read them.
 * @throws DataError for another kind, or what is no address
 */
export function trackerOf(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): Tracker {
  const at = text.indexOf("=");
  const [kind, place] = [text.slice(0, Math.max(0, at)), text.slice(at + 1)];
  if (place === "" || !["mlflow", "trackio", "tensorboard"].includes(kind))
    throw new DataError(`--log: expected ${KINDS}, got ${withoutSecrets(text) || "nothing"}`);
  if (kind === "tensorboard") return tensorBoard(place);
  const address = addressOf(place);
  return kind === "mlflow" ? mlflow(address, environment) : trackio(address, environment);
}

function addressOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new DataError(
      `--log: expected an address with http:// or https://, got ${withoutSecrets(text)}`,
    );
  if (url.username !== "" || url.password !== "" || url.searchParams.has("write_token"))
    throw new DataError(
      "--log: expected an address without secrets, which other processes can read; give them by the environment",
    );
  return url.href.replace(/\/+$/, "");
}

/**
 * A run that is logged to several trackers. Numbers are sent in the background: a tracker that is slow
 * or fails on the way costs the run no time. What it said is told once, and what it missed is sent along
 * with what comes next; the end waits a moment for what has not been sent.
 * @param warn is told of a tracker's first failure, and at the end of what was lost
 * @throws DataError where a run cannot begin
 */
export async function beginAll(
  trackers: readonly Tracker[],
  run: LoggedRun,
  warn: (text: string) => void,
): Promise<RunLog> {
  const logs = await Promise.all(trackers.map((tracker) => tracker.begin(run)));
  const kept = logs.map((log) => patient(log, warn));
  return {
    async log(step, metrics) {
      for (const log of kept) await log.log(step, metrics);
    },
    async end(outcome) {
      await Promise.all(kept.map((log) => log.end(outcome)));
    },
  };
}

/** Steps that may wait for a tracker, and how long, ms, the end waits for it. */
const [MOST, LIMIT] = [10_000, 30_000];

function patient(log: RunLog, warn: (text: string) => void): RunLog {
  let isTold = false;
  const failed = (error: unknown): void => {
    if (!isTold) warn(`logging: ${(error as Error).message}; the run goes on`);
    isTold = true;
  };
  const steps = background<readonly [number, Readonly<Record<string, number>>]>({
    send: ([step, metrics]) => log.log(step, metrics),
    ...{ failed, most: MOST, limit: LIMIT },
  });
  return {
    log: async (step, metrics) => steps.add([step, metrics]),
    end: async (outcome) => {
      const lost = await steps.end();
      if (lost > 0) warn(`logging: ${lost} steps could not be logged`);
      // Whoever did not take the steps is not asked again.
      else await log.end(outcome).catch(failed);
    },
  };
}
