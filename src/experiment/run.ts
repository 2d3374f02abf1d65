import { DataError } from "../tensor/errors.ts";
import { type Checkpoints, checkpointsIn, type Files } from "./checkpoints.ts";
import type { Measurement } from "./measurements.ts";
import type { Recipe } from "./recipe.ts";

/** What decides a run's numbers, and what it ran on. */
export interface RunConfig {
  readonly recipe: Recipe;
  readonly seeds: readonly number[];
  /** The engine's backend and its own description, e.g. the number of threads. */
  readonly backend: string;
  readonly device: string;
  /** Versions of what computed: anchorgrad, node. */
  readonly versions: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly started: string;
}

/** A run as files: config.json, metrics.jsonl, checkpoints/, report.html. */
export interface RunDirectory {
  readonly path: string;
  readonly config: RunConfig;
  readonly checkpoints: Checkpoints;
  /** What has been recorded so far. */
  readonly measurements: readonly Measurement[];
  /** Adds a measurement; a finished row is written when this returns. */
  record(measurement: Measurement): Promise<void>;
  /** @returns the report's path */
  writeReport(html: string): Promise<string>;
}

/** Where a run's configuration is, under its path. */
export const configOf = (path: string): string => `${path}/config.json`;
const metricsOf = (path: string): string => `${path}/metrics.jsonl`;

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
  await files.write(configOf(path), `${JSON.stringify(config, null, 2)}\n`);
  return runDirectory(files, path, config, []);
}

/**
 * Opens a run to go on with: finished rows are kept, what was measured of an unfinished one is not.
 * @throws DataError where there is no run, or its files are damaged
 */
export async function reopenRunIn(files: Files, path: string): Promise<RunDirectory> {
  const config = await readConfigIn(files, path);
  const measurements = await readMetrics(files, metricsOf(path));
  const finished = new Set(
    measurements.filter((m) => m.kind === "row").map(({ seed, row }) => `${seed} ${row}`),
  );
  const base = config.recipe.rows[0]?.id ?? "";
  const kept = measurements.filter((m) => finished.has(`${m.seed} ${rowOf(m, base)}`));
  return runDirectory(files, path, config, kept);
}

/** @throws DataError where there is no run, or its configuration is damaged */
export async function readConfigIn(files: Files, path: string): Promise<RunConfig> {
  const bytes = await files.read(configOf(path));
  if (!bytes) throw new DataError(`${configOf(path)}: expected a run's configuration, got no file`);
  const config = parse(
    new TextDecoder().decode(bytes),
    configOf(path),
  ) as Partial<RunConfig> | null;
  if (!config?.recipe?.rows || !config.seeds || !config.backend)
    throw new DataError(`${configOf(path)}: expected recipe, seeds and backend`);
  return config as RunConfig;
}

async function readMetrics(files: Files, path: string): Promise<Measurement[]> {
  const lines = new TextDecoder().decode(await files.read(path)).split("\n");
  return lines.flatMap((line, i) =>
    line === "" ? [] : [parse(line, `${path}:${i + 1}`) as Measurement],
  );
}

function parse(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DataError(`${place}: expected JSON, got ${(error as SyntaxError).message}`);
  }
}

/** The row that a measurement belongs to: pre-training makes the first one. */
const rowOf = (m: Measurement, base: string): string =>
  m.kind !== "progress" ? m.row : m.stage === "pre-training" ? base : m.stage;

function runDirectory(
  files: Files,
  path: string,
  config: RunConfig,
  before: readonly Measurement[],
): RunDirectory {
  const measurements = [...before];
  const write = (): Promise<void> =>
    files.write(metricsOf(path), measurements.map((m) => `${JSON.stringify(m)}\n`).join(""));
  return {
    path,
    config,
    measurements,
    checkpoints: checkpointsIn(files, `${path}/checkpoints`),
    record: async (measurement) => {
      measurements.push(measurement);
      if (measurement.kind === "row") await write();
    },
    writeReport: async (html) => {
      const report = `${path}/report.html`;
      await files.write(report, html);
      return report;
    },
  };
}
