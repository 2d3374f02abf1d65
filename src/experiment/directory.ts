import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "../tensor/errors.ts";
import type { Checkpoints } from "./checkpoints.ts";
import { checkpointFolder, readIfThere, writeWhole } from "./files.ts";
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

/** A run on disk: config.json, metrics.jsonl, checkpoints/, report.html. */
export interface RunDirectory {
  readonly path: string;
  readonly config: RunConfig;
  readonly checkpoints: Checkpoints;
  /** What has been recorded so far. */
  readonly measurements: readonly Measurement[];
  /** Adds a measurement; a finished row is on disk when this returns. */
  record(measurement: Measurement): Promise<void>;
  /** @returns the report's path */
  writeReport(html: string): Promise<string>;
}

const configOf = (path: string): string => join(path, "config.json");
const metricsOf = (path: string): string => join(path, "metrics.jsonl");

/** Starts a run. @throws DataError where the folder holds one already */
export async function createRun(path: string, config: RunConfig): Promise<RunDirectory> {
  if (await readIfThere(configOf(path)))
    throw new DataError(
      `${path}: expected a new run, got one that has started; resume it or choose another name`,
    );
  await writeWhole(configOf(path), `${JSON.stringify(config, null, 2)}\n`);
  return runDirectory(path, config, []);
}

/**
 * Opens a run to go on with: finished rows are kept, what was measured of an unfinished one is not.
 * @throws DataError where there is no run, or its files are damaged
 */
export async function reopenRun(path: string): Promise<RunDirectory> {
  const config = await readConfig(path);
  const measurements = await readMetrics(metricsOf(path));
  const finished = new Set(
    measurements.filter((m) => m.kind === "row").map(({ seed, row }) => `${seed} ${row}`),
  );
  const base = config.recipe.rows[0]?.id ?? "";
  const kept = measurements.filter((m) => finished.has(`${m.seed} ${rowOf(m, base)}`));
  return runDirectory(path, config, kept);
}

/** Paths of the runs in a folder, the newest first. */
export async function listRuns(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const info = await stat(configOf(path)).catch(() => undefined);
      return info ? [{ path, time: info.mtimeMs }] : [];
    }),
  );
  return found
    .flat()
    .sort((a, b) => b.time - a.time)
    .map(({ path }) => path);
}

export async function readConfig(path: string): Promise<RunConfig> {
  const bytes = await readIfThere(configOf(path));
  if (!bytes) throw new DataError(`${configOf(path)}: expected a run's configuration, got no file`);
  const config = parse(
    new TextDecoder().decode(bytes),
    configOf(path),
  ) as Partial<RunConfig> | null;
  if (!config?.recipe?.rows || !config.seeds || !config.backend)
    throw new DataError(`${configOf(path)}: expected recipe, seeds and backend`);
  return config as RunConfig;
}

async function readMetrics(path: string): Promise<Measurement[]> {
  const bytes = await readIfThere(path);
  const lines = new TextDecoder().decode(bytes).split("\n");
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
  path: string,
  config: RunConfig,
  before: readonly Measurement[],
): RunDirectory {
  const measurements = [...before];
  const write = (): Promise<void> =>
    writeWhole(metricsOf(path), measurements.map((m) => `${JSON.stringify(m)}\n`).join(""));
  return {
    path,
    config,
    measurements,
    checkpoints: checkpointFolder(join(path, "checkpoints")),
    record: async (measurement) => {
      measurements.push(measurement);
      if (measurement.kind === "row") await write();
    },
    writeReport: async (html) => {
      const report = join(path, "report.html");
      await writeWhole(report, html);
      return report;
    },
  };
}
