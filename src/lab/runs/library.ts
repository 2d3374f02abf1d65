import type { Measurement } from "../../experiment/measurements.ts";
import { type RunConfig, reopenRunIn } from "../../experiment/runs/run.ts";
import { DataError } from "../../tensor/errors.ts";
import { startWorker } from "../worker/start.ts";
import { addressOf, checkpointOf, lockOf, runPath, samplesOf } from "./places.ts";
import type { Run, Status } from "./run.ts";
import { samplesIn } from "./samples.ts";
import type { Storage } from "./storage.ts";
import type { Packed, Unpacked } from "./unpacking.ts";
import type { PackedRun } from "./zip.ts";

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

/** Reads the runs that the browser keeps, the oldest first; damaged ones are told of apart. */
export async function readRuns(
  storage: Storage,
): Promise<{ readonly runs: Run[]; readonly damaged: string[] }> {
  const busy = new Set((await navigator.locks.query()).held?.map(({ name }) => name));
  const runs: Run[] = [];
  const damaged: string[] = [];
  for (const name of await storage.folders("runs"))
    try {
      runs.push(await readRun(storage, name, busy.has(lockOf(name))));
    } catch (error) {
      damaged.push(`${name}: ${(error as Error).message}`);
    }
  runs.sort((a, b) => a.started.localeCompare(b.started));
  return { runs, damaged };
}

/** @throws DataError where its files are damaged */
export async function readRun(storage: Storage, name: string, busy: boolean): Promise<Run> {
  const { config, measurements } = await reopenRunIn(storage, runPath(name));
  const samples = await storage.read(samplesOf(name));
  return {
    name,
    ...{ recipe: config.recipe, seed: config.seeds[0] ?? 0 },
    address: text(await storage.read(addressOf(name))),
    status: statusOf(config, measurements, busy),
    ...{ backend: config.backend, device: config.device, reason: "", started: config.started },
    measurements: [...measurements],
    samples: samples ? samplesIn(samples, samplesOf(name)) : {},
    ...{ figures: undefined, student: undefined, trouble: undefined, shown: true },
  };
}

function statusOf(
  { recipe, seeds }: RunConfig,
  measurements: readonly Measurement[],
  busy: boolean,
): Status {
  if (busy) return "elsewhere";
  const rows = measurements.filter(({ kind }) => kind === "row").length;
  return rows === recipe.rows.length * seeds.length ? "finished" : "cut off";
}

/** A run's whole directory in one file, as the command line reads it when it is unpacked. */
export async function packRun(storage: Storage, name: string): Promise<Blob> {
  const { zipSync } = await import("fflate");
  const files: Record<string, Uint8Array> = {};
  for (const path of await storage.list(runPath(name)))
    files[`${name}/${path}`] = (await storage.read(`${runPath(name)}/${path}`)) as Uint8Array;
  // Weights hardly shrink: they are stored as they are, so that the page does not stand still.
  return new Blob([zipSync(files, { level: 0 }) as Uint8Array<ArrayBuffer>], {
    type: "application/zip",
  });
}

/** The weights of a run's last row, as Hugging Face's libraries read them, under a file name. */
export async function packWeights(
  storage: Storage,
  { name, seed, recipe }: Run,
): Promise<{ readonly blob: Blob; readonly file: string }> {
  const id = recipe.rows.at(-1)?.id ?? "";
  const path = checkpointOf(name, seed, id);
  const bytes = await storage.read(path);
  if (!bytes) throw new DataError(`${path}: expected weights, got no file`);
  const blob = new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "application/octet-stream" });
  return { blob, file: `${name}-${id}.safetensors` };
}

/**
 * Unpacks a run, beside the page, and keeps it.
 * @returns its name, a new one where the old is taken
 * @throws DataError that says what is wrong with the file; then nothing is kept
 */
export async function unpackRun(storage: Storage, file: File): Promise<string> {
  const { name: wanted, files } = await unpack(file);
  const name = await freeName(storage, wanted);
  try {
    for (const [path, bytes] of files) await storage.write(`${runPath(name)}/${path}`, bytes);
    await readRun(storage, name, false);
  } catch (error) {
    await storage.removeFolder(runPath(name));
    throw error;
  }
  return name;
}

async function unpack(file: File): Promise<PackedRun> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const worker = startWorker("unpacking");
  try {
    const answer = await new Promise<Unpacked>((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<Unpacked>) => resolve(data);
      worker.onerror = ({ message }) => resolve({ kind: "refused", message });
      worker.postMessage({ bytes, name: file.name } satisfies Packed, [bytes.buffer]);
    });
    if (answer.kind === "refused") throw new DataError(answer.message);
    return answer.run;
  } finally {
    worker.terminate();
  }
}

/** `name`, or `name-2` and so on where it is taken. */
export async function freeName(storage: Storage, name: string): Promise<string> {
  const taken = new Set(await storage.folders("runs"));
  for (let i = 1; ; i++) {
    const free = i === 1 ? name : `${name}-${i}`;
    if (!taken.has(free)) return free;
  }
}
