import { type FileHandle, open, readdir, readFile, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { expectSameNumerics, type Numerics } from "../../engines/numerics.ts";
import { isRecord } from "../../json/isRecord.ts";
import { jsonText } from "../../json/jsonText.ts";
import { readJson } from "../../json/readJson.ts";
import { DataError } from "../../tensor/errors.ts";
import { isCount } from "../../tensor/shapes.ts";
import { shown } from "../../text/jsonl.ts";
import { isTemporary } from "../../weights/disk/temporary.ts";
import { makeFolder, readIfThere, removeUnfinished, writeWhole } from "../../weights/files.ts";
import { namesIfThere, writeAll } from "../../weights/nodeFile.ts";
import type { FinetuneRecipe } from "../recipe.ts";
import type { Line } from "../train/events.ts";
import { type RunCheckpoint, readCheckpoint, writeCheckpoint } from "./checkpointFile.ts";
import { linesIn } from "./lines.ts";

/** What a run does next. */
export type Stage = "base" | "sft" | "method" | "done";
const stages: readonly Stage[] = ["base", "sft", "method", "done"];

/** Where a run stands. */
export interface Standing {
  readonly stage: Stage;
  /** Of metrics.jsonl, that were written when it stood there. */
  readonly bytes: number;
  /** The file in checkpoints/ to go on from; the stage's beginning where there is none. */
  readonly checkpoint?: string;
}

/** sha256 of what a run reads. */
export type Inputs = Readonly<Record<"model" | "data" | "retain" | "eval", string | undefined>>;

/** The folder of a run. */
export interface RunDirectory {
  readonly path: string;
  readonly standing: Standing;
  /** The checkpoint to go on from, if the stage has one. */
  resume(): Promise<RunCheckpoint | undefined>;
  /** Adds a line to metrics.jsonl. */
  log(line: Line): Promise<void>;
  /** What has been written so far. */
  lines(): Promise<readonly Line[]>;
  /** Keeps a checkpoint, and the one before it. */
  keep(checkpoint: RunCheckpoint): Promise<void>;
  /** The stage has been done. */
  enter(stage: Stage): Promise<void>;
  close(): Promise<void>;
}

const RECIPE = "recipe.json";
const INPUTS = "inputs.json";
const METRICS = "metrics.jsonl";
const STANDING = "standing.json";

/** What decides a run's numbers. */
export interface Begun {
  readonly recipe: FinetuneRecipe;
  readonly inputs: Inputs;
  readonly numerics: Numerics;
}

/** Where a recipe says that files are: what is in them is compared instead. */
const PATHS = ["model", "data", "retain", "eval"] as const;

/**
 * Opens the folder of a run: a new one, or one that the same recipe, inputs and numerics have begun.
 * What was written after its last checkpoint is taken back.
 * @throws DataError for a folder of another recipe, other inputs or numerics, naming the first
 *   difference
 */
export async function openDirectory(path: string, begun: Begun): Promise<RunDirectory> {
  await expectPlace(path);
  await makeFolder(path);
  await removeUnfinished(path);
  await expectSame(path, begun);
  await writeBegun(path, begun);
  let standing = await standingIn(path);
  const metrics = join(path, METRICS);
  const file: FileHandle = await open(metrics, "a");
  try {
    const { size } = await file.stat();
    if (size < standing.bytes)
      throw new DataError(`${metrics}: expected ${standing.bytes} bytes or more, got ${size}`);
    await truncate(metrics, standing.bytes);
  } catch (error) {
    await file.close();
    throw error;
  }
  let bytes = standing.bytes;

  async function stand(next: Omit<Standing, "bytes">): Promise<void> {
    await file.sync();
    standing = { ...next, bytes };
    await writeWhole(join(path, STANDING), jsonText(standing));
  }
  return {
    path,
    get standing() {
      return standing;
    },
    resume: async () => {
      const { checkpoint } = standing;
      return checkpoint === undefined
        ? undefined
        : readCheckpoint(join(path, "checkpoints", checkpoint));
    },
    log: async (line) => {
      const written = new TextEncoder().encode(`${JSON.stringify(line)}\n`);
      await writeAll(file, written, metrics);
      bytes += written.length;
    },
    lines: () => linesOf(path),
    keep: async (checkpoint) => {
      const { stage, checkpoint: before } = standing;
      const name = `${stage}-${`${checkpoint.step}`.padStart(7, "0")}.safetensors`;
      const folder = join(path, "checkpoints");
      await makeFolder(folder);
      await writeCheckpoint(join(folder, name), checkpoint);
      await stand({ stage, checkpoint: name });
      const old = (await readdir(folder)).filter((each) => each !== name && each !== before);
      await Promise.all(old.map((each) => rm(join(folder, each), { force: true })));
    },
    enter: async (stage) => {
      await stand({ stage });
      if (stage === "done") await rm(join(path, "checkpoints"), { recursive: true, force: true });
    },
    close: () => file.close(),
  };
}

/** Whether a folder holds a finished run of a recipe. @throws DataError as `openDirectory` */
export async function isFinished(path: string, begun: Begun): Promise<boolean> {
  const { stage } = await standingIn(path);
  if (stage !== "done") return false;
  await expectSame(path, begun);
  return true;
}

/**
 * Writes the folder of a run that was made elsewhere, in place of what an unfinished one left there.
 * @param metrics the lines of metrics.jsonl
 * @param fill writes what was saved
 * @throws DataError as `openDirectory`
 */
export async function writeFinished(
  path: string,
  begun: Begun,
  metrics: string,
  fill: (path: string) => Promise<void>,
): Promise<void> {
  await expectPlace(path);
  await makeFolder(path);
  await removeUnfinished(path);
  await expectSame(path, begun);
  await writeBegun(path, begun);
  await fill(path);
  await writeWhole(join(path, METRICS), metrics);
  // Last: it says that all the rest is there.
  const standing: Standing = { stage: "done", bytes: Buffer.byteLength(metrics) };
  await writeWhole(join(path, STANDING), jsonText(standing));
  await rm(join(path, "checkpoints"), { recursive: true, force: true });
}

async function writeBegun(path: string, { recipe, inputs, numerics }: Begun): Promise<void> {
  await writeWhole(join(path, INPUTS), jsonText({ ...inputs, numerics }));
  await writeWhole(join(path, RECIPE), jsonText(recipe));
}

/** The lines of a run that have been written. @throws DataError naming file, line and field */
export async function linesOf(path: string): Promise<readonly Line[]> {
  const text = await readFile(join(path, METRICS), "utf8").catch(() => "");
  return linesIn(text, join(path, METRICS));
}

async function recordIn(
  path: string,
  name: string,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const bytes = await readIfThere(join(path, name));
  if (!bytes) return undefined;
  const value = readJson(new TextDecoder().decode(bytes), join(path, name));
  if (isRecord(value)) return value;
  throw new DataError(`${join(path, name)}: expected a JSON object, got ${shown(value)}`);
}

/**
 * Looks at a place before anything is made or removed there: a folder of other things stays as it is.
 * @throws DataError unless it is none yet, empty, or a fine-tune's
 */
export async function expectPlace(path: string): Promise<void> {
  const names = (await namesIfThere(path)) ?? [];
  if (!names.includes(RECIPE)) expectNew(path, names);
}

/** @throws DataError where there is more than what a run begins with */
function expectNew(path: string, names: readonly string[]): void {
  const others = names.filter((name) => ![RECIPE, INPUTS, ".lock"].includes(name));
  if (others.every(isTemporary)) return;
  throw new DataError(
    `${path}: expected an empty folder or one of a fine-tune, got one that holds ${others.slice(0, 3).join(", ")}`,
  );
}

async function expectSame(path: string, { recipe, inputs, numerics }: Begun): Promise<void> {
  const [old, read] = [await recordIn(path, RECIPE), await recordIn(path, INPUTS)];
  if (!old || !read) return expectNew(path, await readdir(path));
  const refuse = (what: string, before: unknown, now: unknown): never => {
    throw new DataError(
      `${path}: expected the recipe of the run that is there, got another ${what}: ` +
        `${shown(now)} instead of ${shown(before)}; give another --out`,
    );
  };
  const names = new Set([...Object.keys(old), ...Object.keys(recipe)]);
  for (const name of names) {
    if (PATHS.some((each) => each === name)) continue;
    const now: unknown = recipe[name as keyof FinetuneRecipe];
    if (old[name] !== now) refuse(name, old[name], now);
  }
  expectSameNumerics(path, numericsIn(read["numerics"]), numerics);
  for (const name of PATHS)
    if (read[name] !== inputs[name])
      refuse(name, `${old[name]} (${read[name]})`, `${recipe[name]} (${inputs[name]})`);
}

/** What a file says of numerics; undefined where it says something else. */
function numericsIn(value: unknown): Numerics | undefined {
  if (!isRecord(value)) return undefined;
  const { class: name, version } = value;
  return typeof name === "string" && typeof version === "number"
    ? { class: name, version }
    : undefined;
}

/** Whether it is the name of a checkpoint of ours, and no path. */
const isCheckpoint = (name: unknown): name is string =>
  typeof name === "string" && /^\w+-\d+\.safetensors$/.test(name);

async function standingIn(path: string): Promise<Standing> {
  const found = await recordIn(path, STANDING);
  return found ? standingOf(found, join(path, STANDING)) : { stage: "base", bytes: 0 };
}

/**
 * Where a run stands, out of its file.
 * @param path of the file, for messages
 * @throws DataError for what is none
 */
export function standingOf(value: unknown, path: string): Standing {
  const { stage, bytes, checkpoint } = isRecord(value) ? value : {};
  const known = stages.find((each) => each === stage);
  const isFile = checkpoint === undefined || isCheckpoint(checkpoint);
  if (!known || typeof bytes !== "number" || !isCount(bytes) || !isFile)
    throw new DataError(`${path}: expected where a run stands, got something else`);
  return { stage: known, bytes, ...(checkpoint !== undefined && { checkpoint }) };
}
