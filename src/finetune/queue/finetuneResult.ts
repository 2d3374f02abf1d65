import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { isRecord } from "../../json/isRecord.ts";
import { putFile } from "../../store/blobs.ts";
import { bytesOf, digestOf } from "../../store/bytes.ts";
import { attemptsOf, type EndedAttempt, getResult } from "../../store/records.ts";
import type { Store } from "../../store/store.ts";
import { DataError } from "../../tensor/errors.ts";
import { linesIn } from "../files/lines.ts";
import type { PlanEvent } from "../train/events.ts";
import { digestAt, nameAt } from "./finetuneJob.ts";
import { type Places, withoutPlaces } from "./inputFiles.ts";

/** What a run came to, as a store keeps it: the same bytes whoever ran it. */
export interface FinetuneRecord {
  /** Without what tells of a machine: versions, memory. */
  readonly plan: PlanEvent;
  /** Digest of the lines of metrics.jsonl behind the plan. */
  readonly metrics: string;
  /** Digests of what was saved, by name in the run's folder: `adapter/adapter_config.json`. */
  readonly files: Readonly<Record<string, string>>;
}

/** How a run came about: facts of its attempt. */
export interface FinetuneFacts {
  readonly kind: "attempt";
  readonly seconds: number;
  readonly device: string;
  readonly machine?: string;
  readonly versions: PlanEvent["versions"];
  readonly memoryBytes: number;
  readonly gradientCheckpointing: boolean;
}

/** A finished run out of a store. */
export interface FinishedFinetune extends FinetuneRecord {
  /** The first of those that came to it. */
  readonly attempt: EndedAttempt;
}

/** A run's folder, put into a store but for its record. */
export interface Ended {
  readonly record: FinetuneRecord;
  readonly machine: Pick<FinetuneFacts, "versions" | "memoryBytes" | "gradientCheckpointing">;
}

const SAVED = ["adapter", "model"];

/** Puts what a finished run's folder holds. @param places where its files were read */
export async function putRun(store: Store, folder: string, places: Places): Promise<Ended> {
  const path = join(folder, "metrics.jsonl");
  const text = await readFile(path, "utf8");
  const end = text.indexOf("\n") + 1;
  const [said] = linesIn(text.slice(0, end), path);
  if (said?.kind !== "plan")
    throw new DataError(`${path}:1: expected the plan, got something else`);
  const first = textsIn(said, (one) => withoutPlaces(one, places)) as PlanEvent;
  const { gradientCheckpointing = false, ...kept } = first;
  const { versions, memoryBytes } = kept;
  // Where they stand among the others stays.
  const plan: PlanEvent = { ...kept, versions: {}, memoryBytes: 0 };
  const metrics = text.slice(end);
  const digest = await digestOf(bytesOf(metrics));
  if (!(await store.has(`blob/${digest}`))) await store.putOnce(`blob/${digest}`, bytesOf(metrics));
  const files: Record<string, string> = {};
  for (const name of await savedIn(folder)) files[name] = await putFile(store, join(folder, name));
  return {
    record: { plan, metrics: digest, files },
    machine: { versions, memoryBytes, gradientCheckpointing },
  };
}

async function savedIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const what of SAVED) {
    if (!(await stat(join(folder, what)).catch(() => undefined))) continue;
    for (const entry of await readdir(join(folder, what), { recursive: true, withFileTypes: true }))
      if (entry.isFile())
        found.push(
          join(entry.parentPath, entry.name)
            .slice(folder.length + 1)
            .replaceAll("\\", "/"),
        );
  }
  return found.sort();
}

/**
 * A run's result.
 * @returns undefined where nobody has finished it, or a part of it is gone
 * @throws DataError where what is kept is damaged, or none of a fine-tune
 */
export async function finishedFinetune(
  store: Store,
  key: string,
): Promise<FinishedFinetune | undefined> {
  const value = await getResult(store, key);
  if (value === undefined) return undefined;
  const name = `${store.name}: result/${key}`;
  if (!isRecord(value) || !isRecord(value["plan"]) || !isRecord(value["files"]))
    throw new DataError(`${name}: expected a fine-tune's result, got something else`);
  const metrics = digestAt(value["metrics"], `${name}.metrics`);
  const files = Object.fromEntries(
    Object.entries(value["files"]).map(([file, digest]) => [
      nameAt(file, `${name}.files`),
      digestAt(digest, `${name}.files.${file}`),
    ]),
  );
  for (const digest of [metrics, ...Object.values(files)])
    if (!(await store.has(`blob/${digest}`))) return undefined;
  // They came to the same bytes: the first to end stands for all.
  const [attempt] = (await attemptsOf(store, key)).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  if (!attempt) throw new DataError(`${name}: expected an attempt at it, got none`);
  const plan = value["plan"] as unknown as FinetuneRecord["plan"];
  return { plan, metrics, files, attempt };
}

/** A value of JSON with all its texts changed. */
export const textsIn = (value: unknown, change: (text: string) => string): unknown =>
  JSON.parse(JSON.stringify(value), (_, one: unknown) =>
    typeof one === "string" ? change(one) : one,
  );
