import { utf8 } from "../../json/utf8.ts";
import { DataError, located } from "../../tensor/errors.ts";
import { type Checkpoints, checkpointsIn, type Files } from "../../weights/store.ts";
import { readJson } from "../json.ts";
import type { Measurement } from "../measurements.ts";
import type { RunConfig } from "./config.ts";
import { metricsIn } from "./metrics.ts";

export { allSeeds, type RunConfig } from "./config.ts";

/** A row that could not be finished. */
export interface Failure {
  readonly seed: number;
  readonly row: string;
  readonly error: string;
}

/** A run as files: config.json, metrics.jsonl, attempts.jsonl, checkpoints/, report.html; rows/ while
 * it goes on, failures.json if any. */
export interface RunDirectory {
  readonly path: string;
  readonly config: RunConfig;
  readonly checkpoints: Checkpoints;
  /** Rows on their way, by the names of their weights: to be removed when they are recorded. */
  readonly unfinished: Checkpoints;
  /** What finished rows measured, each with its attempt before the row itself: in order of seeds,
   * then of the recipe's rows. */
  readonly measurements: readonly Measurement[];
  /** Adds a measurement; a finished row is written, with all it measured, when this returns. */
  record(measurement: Measurement): Promise<void>;
  /** Joins what finished rows measured to `metrics.jsonl` and `attempts.jsonl`: at the end, or when
   * the run is left for a while. */
  join(): Promise<void>;
  /** Says which rows could not be finished; replaces what was said before. */
  writeFailures(failures: readonly Failure[]): Promise<void>;
  /** @returns the report's path */
  writeReport(html: string): Promise<string>;
}

/** Where a run's configuration is, under its path. */
export const configOf = (path: string): string => `${path}/config.json`;
const failuresOf = (path: string): string => `${path}/failures.json`;

/** Where the weights of a run's rows are, under its path. */
export const checkpointsOf = (path: string): string => `${path}/checkpoints`;

/** Where the training of rows on their way is, under its path. */
export const unfinishedOf = (path: string): string => `${path}/unfinished`;

/** Starts a run. @throws DataError where the folder holds one already */
export async function createRunIn(
  files: Files,
  path: string,
  config: RunConfig,
): Promise<RunDirectory> {
  if (await files.read(configOf(path)))
    throw new DataError(
      `${path}: expected a new run, got one that has started; resume it or choose another name`,
    );
  await writeConfigIn(files, path, config);
  return runDirectory(files, path, config);
}

/** Writes a run's configuration anew. */
export const writeConfigIn = (files: Files, path: string, config: RunConfig): Promise<void> =>
  files.write(configOf(path), `${JSON.stringify(config, null, 2)}\n`);

/**
 * Opens a run to go on with: finished rows are kept, what was measured of an unfinished one is not.
 * @throws DataError where there is no run, or its files are damaged
 */
export async function reopenRunIn(files: Files, path: string): Promise<RunDirectory> {
  const config = await readConfigIn(files, path);
  return runDirectory(files, path, config);
}

/** The rows that could not be finished. @throws DataError where their file is damaged */
export async function readFailuresIn(files: Files, path: string): Promise<readonly Failure[]> {
  const file = failuresOf(path);
  const bytes = await files.read(file);
  if (!bytes) return [];
  const { checkFailures } = await checks();
  const json = readJson(utf8(bytes, file), file);
  return located(file, () => checkFailures(json));
}

/** @throws DataError where there is no run, or its configuration is damaged: file and field */
export async function readConfigIn(files: Files, path: string): Promise<RunConfig> {
  const file = configOf(path);
  const bytes = await files.read(file);
  if (!bytes) throw new DataError(`${file}: expected a run's configuration, got no file`);
  const { checkConfig } = await checks();
  const json = readJson(utf8(bytes, file), file);
  return located(file, () => checkConfig(json));
}

/** They know all tasks: a page loads them where there is a run to check. */
const checks = () => import("./checkRun.ts");

async function runDirectory(files: Files, path: string, config: RunConfig): Promise<RunDirectory> {
  const metrics = await metricsIn(files, path, config);
  return {
    path,
    config,
    get measurements() {
      return metrics.measurements();
    },
    checkpoints: checkpointsIn(files, checkpointsOf(path)),
    unfinished: checkpointsIn(files, unfinishedOf(path)),
    record: metrics.add,
    join: async () => {
      if (await metrics.join()) await files.removeFolder(unfinishedOf(path));
    },
    writeFailures: (failures) =>
      failures.length > 0
        ? files.write(failuresOf(path), `${JSON.stringify(failures, null, 2)}\n`)
        : files.remove(failuresOf(path)),
    writeReport: async (html) => {
      const report = `${path}/report.html`;
      await files.write(report, html);
      return report;
    },
  };
}
