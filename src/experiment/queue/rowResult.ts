import { isRecord } from "../../json/isRecord.ts";
import { attemptsOf, getResult } from "../../store/records.ts";
import type { Store } from "../../store/store.ts";
import { DataError, located } from "../../tensor/errors.ts";
import { refuse } from "../../text/jsonl.ts";
import { type Measurement, measurementOf, measurementText, type Result } from "../measurements.ts";
import { attemptCheck, measurementCheck } from "../runs/checkRun.ts";
import type { RunConfig } from "../runs/config.ts";

/** What a row came to, as a store keeps it: the same bytes whoever ran it. */
export interface RowRecord {
  /** Digest of its weights' file. */
  readonly weights: string;
  /** What `metrics.jsonl` holds of it. */
  readonly measurements: readonly unknown[];
}

export const rowRecord = (weights: string, results: readonly Result[]): RowRecord => ({
  weights,
  measurements: results.map((m) => JSON.parse(measurementText(m)) as unknown),
});

/** The digest of the weights that a record names. @throws DataError where it names none */
export function weightsIn(record: unknown, name: string): string {
  const digest = isRecord(record) ? record["weights"] : undefined;
  const isDigest = typeof digest === "string" && /^[0-9a-f]{64}$/.test(digest);
  return isDigest ? digest : refuse(name, "weights by their SHA-256", digest);
}

/** Where a store says which weights a base has, by its name. */
export const pretrainedKey = (name: string): string => `pretrained/${name}`;

/** A finished row out of a store. */
export interface FinishedRow {
  readonly weights: string;
  /** With its attempt before the row itself, which is the last. */
  readonly measurements: readonly Measurement[];
}

/**
 * A row's result, checked as a run's files are.
 * @returns undefined where nobody has finished it
 * @throws DataError where what is kept is damaged, or none of the run's
 */
export async function finishedRow(
  store: Store,
  key: string,
  config: RunConfig,
): Promise<FinishedRow | undefined> {
  const value = await getResult(store, key);
  if (value === undefined) return undefined;
  const name = `${store.name}: result/${key}`;
  if (!isRecord(value) || !Array.isArray(value["measurements"]))
    throw new DataError(`${name}: expected a row's result, got something else`);
  const weights = weightsIn(value, name);
  const [check, checkAttempt] = [measurementCheck(config), attemptCheck(config)];
  const results = value["measurements"].map((m) => measurementOf(located(name, () => check(m))));
  // They came to the same bytes: the first to end stands for all.
  const attempts = (await attemptsOf(store, key)).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const facts = attempts.slice(0, 1).map((one) => located(name, () => checkAttempt(one.facts)));
  return {
    weights,
    measurements: [...results.slice(0, -1), ...facts, ...results.slice(-1)],
  };
}
