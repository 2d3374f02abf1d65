import { join } from "node:path";
import { type StudyBase, studyBaseOf } from "../../experiment/checkpoint/studyBase.ts";
import { pretrainedKey } from "../../experiment/queue/rowResult.ts";
import { checkpointName } from "../../experiment/row/pretrainingName.ts";
import { putFile } from "../../store/blobs.ts";
import { putRecord } from "../../store/records.ts";
import { checkpointFolder } from "../../weights/files.ts";
import { openModel } from "../model/open.ts";
import type { Places } from "../queue/places.ts";
import type { Terminal } from "../terminal/command.ts";

/** Where studies in a folder keep what was pre-trained. */
export const pretrainedIn = (folder: string): string => join(folder, ".cache", "pretraining");

/** The checkpoint that `--base` names. @throws DataError for none that a study can ask */
export async function openBase(model: string, terminal: Terminal): Promise<StudyBase> {
  const loaded = await openModel({ model }, terminal);
  if (loaded) return studyBaseOf(loaded);
  terminal.signal.throwIfAborted();
  throw new Error(`${model}: expected a model or a stop, got neither`);
}

/** Puts a checkpoint where the processes of this machine, and workers elsewhere, look for bases. */
export async function placeBase(
  { checkpoint, params }: StudyBase,
  folder: string,
  places: Places | undefined,
): Promise<void> {
  const name = checkpointName(checkpoint);
  const kept = checkpointFolder(pretrainedIn(folder));
  if (!(await kept.load(name))) await kept.save(name, { tensors: params, metadata: {} });
  if (!places) return;
  const weights = await putFile(places.store, join(pretrainedIn(folder), `${name}.safetensors`));
  await putRecord(places.store, pretrainedKey(name), { weights });
}
