import { DataError } from "../../tensor/errors.ts";
import { type Checkpoints, checkpointsIn, type Files } from "../../weights/store.ts";
import { inFile } from "../checks.ts";
import { readJson, textOf } from "../json.ts";
import {
  type Measurement,
  measurementOf,
  measurementText,
  rowOfMeasurement,
} from "../measurements.ts";
import { baseOf, type Recipe } from "../recipe.ts";

/** What decides a run's numbers, and what it ran on. */
export interface RunConfig {
  readonly recipe: Recipe;
  /** Those that are reported. */
  readonly seeds: readonly number[];
  /** Those on which rows are chosen; none of them is reported. */
  readonly tuningSeeds?: readonly number[];
  /** The engine's backend and its own description, e.g. the number of threads. */
  readonly backend: string;
  readonly device: string;
  /** Processor, cores, memory, system. */
  readonly machine?: string;
  /** Versions of what computed: anchorgrad, node. */
  readonly versions: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly started: string;
}

/** A row that could not be finished. */
export interface Failure {
  readonly seed: number;
  readonly row: string;
  readonly error: string;
}

/** A run as files: config.json, metrics.jsonl, checkpoints/, report.html; failures.json if any. */
export interface RunDirectory {
  readonly path: string;
  readonly config: RunConfig;
  readonly checkpoints: Checkpoints;
  /** What finished rows measured: in order of seeds, then of the recipe's rows. */
  readonly measurements: readonly Measurement[];
  /** Adds a measurement; a finished row is written, with all it measured, when this returns. */
  record(measurement: Measurement): Promise<void>;
  /** Says which rows could not be finished; replaces what was said before. */
  writeFailures(failures: readonly Failure[]): Promise<void>;
  /** @returns the report's path */
  writeReport(html: string): Promise<string>;
}

/** Where a run's configuration is, under its path. */
export const configOf = (path: string): string => `${path}/config.json`;
const metricsOf = (path: string): string => `${path}/metrics.jsonl`;
const failuresOf = (path: string): string => `${path}/failures.json`;

/** Where the weights of a run's rows are, under its path. */
export const checkpointsOf = (path: string): string => `${path}/checkpoints`;

/** All seeds of a run, those of tuning last. */
export const allSeeds = ({ seeds, tuningSeeds = [] }: RunConfig): readonly number[] => [
  ...seeds,
  ...tuningSeeds,
];

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
  return runDirectory(files, path, config, []);
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
  return runDirectory(files, path, config, await readMetrics(files, metricsOf(path), config));
}

/** The rows that could not be finished. @throws DataError where their file is damaged */
export async function readFailuresIn(files: Files, path: string): Promise<readonly Failure[]> {
  const file = failuresOf(path);
  const bytes = await files.read(file);
  if (!bytes) return [];
  const { checkFailures } = await checks();
  const json = readJson(textOf(bytes, file), file);
  return inFile(file, () => checkFailures(json));
}

/** @throws DataError where there is no run, or its configuration is damaged: file and field */
export async function readConfigIn(files: Files, path: string): Promise<RunConfig> {
  const file = configOf(path);
  const bytes = await files.read(file);
  if (!bytes) throw new DataError(`${file}: expected a run's configuration, got no file`);
  const { checkConfig } = await checks();
  const json = readJson(textOf(bytes, file), file);
  return inFile(file, () => checkConfig(json));
}

async function readMetrics(files: Files, path: string, config: RunConfig): Promise<Measurement[]> {
  const bytes = await files.read(path);
  if (!bytes) return [];
  const check = (await checks()).measurementCheck(config);
  return textOf(bytes, path)
    .split("\n")
    .flatMap((line, i) => {
      if (line === "") return [];
      const place = `${path}:${i + 1}`;
      const json = readJson(line, place);
      return [measurementOf(inFile(place, () => check(json)))];
    });
}

/** They know all tasks: a page loads them where there is a run to check. */
const checks = () => import("./checkRun.ts");

function runDirectory(
  files: Files,
  path: string,
  config: RunConfig,
  before: readonly Measurement[],
): RunDirectory {
  const finished = finishedRows(config);
  for (const m of before) finished.add(m);
  return {
    path,
    config,
    get measurements() {
      return finished.measurements();
    },
    checkpoints: checkpointsIn(files, checkpointsOf(path)),
    record: async (measurement) => {
      if (finished.add(measurement)) await files.write(metricsOf(path), finished.text());
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

/**
 * What rows measured, however their measurements interleave: kept from when the row is finished,
 * in an order that does not depend on when that was.
 */
function finishedRows(config: RunConfig) {
  const [seeds, rows] = [allSeeds(config), config.recipe.rows.map(({ id }) => id)];
  const base = baseOf(config.recipe).id;
  const begun = new Map<string, Measurement[]>();
  const done = new Map<string, { readonly of: readonly Measurement[]; readonly text: string }>();
  const keyOf = (seed: number, row: string): string => `${seed} ${row}`;
  const ordered = () =>
    seeds.flatMap((seed) => rows.flatMap((row) => done.get(keyOf(seed, row)) ?? []));
  return {
    /** @returns whether a row is finished with it */
    add: (m: Measurement): boolean => {
      const key = keyOf(m.seed, rowOfMeasurement(m, base));
      const of = begun.get(key) ?? [];
      begun.set(key, of);
      of.push(m);
      if (m.kind !== "row") return false;
      begun.delete(key);
      done.set(key, { of, text: of.map((each) => `${measurementText(each)}\n`).join("") });
      return true;
    },
    measurements: (): readonly Measurement[] => ordered().flatMap(({ of }) => of),
    text: (): string =>
      ordered()
        .map(({ text }) => text)
        .join(""),
  };
}
