import { DataError } from "../tensor/errors.ts";
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
    throw new DataError(`--log: expected ${KINDS}, got ${text || "nothing"}`);
  if (kind === "tensorboard") return tensorBoard(place);
  const address = addressOf(place);
  return kind === "mlflow" ? mlflow(address, environment) : trackio(address, environment);
}

function addressOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new DataError(`--log: expected an address with http:// or https://, got ${text}`);
  if (url.username !== "" || url.password !== "" || url.searchParams.has("write_token"))
    throw new DataError(
      "--log: expected an address without secrets, which other processes can read; give them by the environment",
    );
  return url.href.replace(/\/+$/, "");
}

/**
 * A run that is logged to several trackers. A tracker that fails on the way never stops the run: what
 * it said is told once, and what it missed is sent along with what comes next.
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
      await Promise.all(kept.map((log) => log.log(step, metrics)));
    },
    async end(outcome) {
      await Promise.all(kept.map((log) => log.end(outcome)));
    },
  };
}

/** What waits to be sent again, at most. */
const MOST = 10_000;

function patient(log: RunLog, warn: (text: string) => void): RunLog {
  let waiting: (readonly [number, Readonly<Record<string, number>>])[] = [];
  let lost = 0;
  let isTold = false;
  async function send(): Promise<void> {
    while (waiting.length > 0) {
      const [step, metrics] = waiting[0] as (typeof waiting)[number];
      await log.log(step, metrics);
      waiting.shift();
    }
  }
  function failed(error: unknown): void {
    if (!isTold) warn(`logging: ${(error as Error).message}; the run goes on`);
    isTold = true;
  }
  return {
    async log(step, metrics) {
      waiting.push([step, metrics]);
      if (waiting.length > MOST) {
        waiting = waiting.slice(-MOST);
        lost++;
      }
      await send().catch(failed);
    },
    async end(outcome) {
      try {
        await send();
        await log.end(outcome);
      } catch (error) {
        failed(error);
      }
      const missing = lost + waiting.length;
      if (missing > 0) warn(`logging: ${missing} steps could not be logged`);
    },
  };
}
