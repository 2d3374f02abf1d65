import { utf8 } from "../../json/utf8.ts";
import { located } from "../../tensor/errors.ts";
import type { Files } from "../../weights/store.ts";
import { readJson } from "../json.ts";
import {
  type Attempt,
  type Measurement,
  measurementOf,
  measurementText,
  type Result,
  rowOfMeasurement,
  type Written,
} from "../measurements.ts";
import { baseOf, weightsName } from "../recipe.ts";
import { allSeeds, type RunConfig } from "./config.ts";

/**
 * What a run's finished rows measured. While it goes on each has files of its own, `rows/seed-0/
 * sft-3e-3.jsonl` and beside it how it came about, `….attempt.json`; they are joined at the end to
 * `metrics.jsonl` and `attempts.jsonl`, in the order of seeds and rows. So each row is written twice,
 * however many there are, and equal results are equal bytes whoever measured them and when.
 */
export interface Metrics {
  /** Of finished rows, in order. */
  measurements(): readonly Measurement[];
  /** A finished row is written, with all it measured, when this returns. */
  add(measurement: Measurement): Promise<void>;
  /** Joins the rows' files, if there are any. @returns whether all rows are finished */
  join(): Promise<boolean>;
}

/** A finished row. */
interface Done {
  readonly attempt: Attempt | undefined;
  readonly results: readonly Result[];
}

/**
 * Reads what a run's rows measured, joined or not; of unfinished rows there is nothing.
 * @throws DataError for damaged files: file, line and field
 */
export async function metricsIn(files: Files, path: string, config: RunConfig): Promise<Metrics> {
  const [metrics, attempts] = [`${path}/metrics.jsonl`, `${path}/attempts.jsonl`];
  const base = baseOf(config.recipe).id;
  const keyOf = (m: Pick<Attempt, "seed" | "row">): string => weightsName(m.seed, m.row);
  const ownKey = (m: Measurement): string =>
    keyOf({ seed: m.seed, row: rowOfMeasurement(m, base) });
  const fileOf = (key: string): string => `${path}/rows/${key}`;
  const order = allSeeds(config).flatMap((seed) =>
    config.recipe.rows.map(({ id }) => weightsName(seed, id)),
  );
  const begun = new Map<string, { attempt?: Attempt; readonly results: Result[] }>();
  const done = new Map<string, Done>();
  let isApart = false;
  const beginning = (key: string) => {
    const of = begun.get(key) ?? { results: [] };
    begun.set(key, of);
    return of;
  };
  /** @returns the row that is finished with it */
  const take = (m: Measurement): Done | undefined => {
    const key = ownKey(m);
    const of = beginning(key);
    if (m.kind === "attempt") of.attempt = m;
    else of.results.push(m);
    if (m.kind !== "row") return undefined;
    begun.delete(key);
    const row = { attempt: of.attempt, results: of.results };
    done.set(key, row);
    return row;
  };
  const ordered = (): readonly Done[] => order.flatMap((key) => done.get(key) ?? []);

  const read = reader(files, config);
  for (const attempt of await read.attempts(attempts)) take(attempt);
  for (const result of await read.results(metrics)) take(result);
  for (const key of order.filter((each) => !done.has(each))) {
    const results = await read.results(`${fileOf(key)}.jsonl`);
    if (results.length === 0) continue;
    for (const m of [...(await read.attempts(`${fileOf(key)}.attempt.json`)), ...results]) take(m);
    isApart = true;
  }
  begun.clear();

  return {
    measurements: () =>
      ordered().flatMap(({ attempt, results }): readonly Measurement[] =>
        // The row is the last of its results.
        attempt ? [...results.slice(0, -1), attempt, ...results.slice(-1)] : results,
      ),
    async add(m) {
      const row = take(m);
      if (!row) return;
      const file = fileOf(ownKey(m));
      isApart = true;
      // The results last: they say that the row is finished.
      if (row.attempt) await files.write(`${file}.attempt.json`, line(row.attempt));
      await files.write(`${file}.jsonl`, row.results.map(resultLine).join(""));
    },
    async join() {
      const all = ordered();
      const isWhole = all.length === order.length;
      if (!isApart) return isWhole;
      await files.write(
        attempts,
        all
          .flatMap(({ attempt }) => attempt ?? [])
          .map(line)
          .join(""),
      );
      await files.write(metrics, all.flatMap(({ results }) => results.map(resultLine)).join(""));
      await files.removeFolder(`${path}/rows`);
      isApart = false;
      return isWhole;
    },
  };
}

const line = (attempt: Attempt): string => `${JSON.stringify(attempt)}\n`;
const resultLine = (m: Result): string => `${measurementText(m)}\n`;

/** Reads lines, which are checked, also against those of other files. */
function reader(files: Files, config: RunConfig) {
  let known: Checks | undefined;
  async function lines<T>(
    path: string,
    read: (checks: Checks, json: unknown) => T,
  ): Promise<readonly T[]> {
    const bytes = await files.read(path);
    if (!bytes) return [];
    known ??= await checksOf(config);
    const checks = known;
    return utf8(bytes, path)
      .split("\n")
      .flatMap((text, i) => {
        if (text === "") return [];
        const place = `${path}:${i + 1}`;
        const json = readJson(text, place);
        return [located(place, () => read(checks, json))];
      });
  }
  return {
    results: (path: string): Promise<readonly Result[]> =>
      lines(path, ({ measurement }, json) => measurementOf(measurement(json))),
    attempts: (path: string): Promise<readonly Attempt[]> =>
      lines(path, ({ attempt }, json) => attempt(json)),
  };
}

interface Checks {
  readonly attempt: (json: unknown) => Attempt;
  readonly measurement: (json: unknown) => Written;
}

/** They know all tasks: a page loads them where there is a run to check. */
async function checksOf(config: RunConfig): Promise<Checks> {
  const { attemptCheck, measurementCheck } = await import("./checkRun.ts");
  return { attempt: attemptCheck(config), measurement: measurementCheck(config) };
}
