import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { jsonText } from "../../json/jsonText.ts";
import { asPython } from "../../nn/lora/peftConfig.ts";
import { fetchFile } from "../../store/blobs.ts";
import { collect, verified } from "../../store/bytes.ts";
import type { Store } from "../../store/store.ts";
import { DataError } from "../../tensor/errors.ts";
import { writeWhole } from "../../weights/files.ts";
import { type Begun, writeFinished } from "../files/directory.ts";
import { type FinishedFinetune, textsIn } from "./finetuneResult.ts";
import { type Places, placeOfRole, withPlaces } from "./inputFiles.ts";

/** A run's folder on this machine. */
export interface Written {
  readonly out: string;
  readonly begun: Begun;
  readonly places: Places;
  /** What an adapter names as its base. */
  readonly base: string;
}

const ADAPTER = "adapter/adapter_config.json";

/**
 * Writes the folder of a run that a worker has finished: the bytes that the run would have written
 * here, and `attempt.json`, who has run it.
 * @throws DataError for a folder of another run, and where the store lacks a part of it
 */
export async function writeRun(
  store: Store,
  { plan, metrics, files, attempt }: FinishedFinetune,
  { out, begun, places, base }: Written,
): Promise<void> {
  const { versions, memoryBytes, gradientCheckpointing } = attempt.facts;
  const { notes, ...before } = textsIn(plan, (text) => withPlaces(text, places)) as typeof plan;
  const first = {
    ...{ ...before, model: begun.recipe.model, versions, memoryBytes },
    ...(gradientCheckpointing === true && { gradientCheckpointing }),
    notes,
  };
  const lines = `${JSON.stringify(first)}\n${await textOf(store, metrics)}`;
  await writeFinished(out, begun, lines, async (folder) => {
    for (const [name, digest] of Object.entries(files)) {
      const path = join(folder, name);
      await fetchFile(store, { key: `blob/${digest}`, digest }, path);
      if (name === ADAPTER) await nameBase(path, base);
    }
    await writeWhole(join(folder, "attempt.json"), jsonText({ id: attempt.id, ...attempt.facts }));
  });
}

async function nameBase(path: string, base: string): Promise<void> {
  const [text, named] = [await readFile(path, "utf8"), asPython(JSON.stringify(base))];
  await writeWhole(
    path,
    text.replace(JSON.stringify(placeOfRole("model")), () => named),
  );
}

async function textOf(store: Store, digest: string): Promise<string> {
  const name = `${store.name}: blob/${digest}`;
  const stream = await store.get(`blob/${digest}`);
  if (!stream) throw new DataError(`${name}: expected bytes of that digest, got none`);
  return new TextDecoder().decode(await collect(verified(stream, digest, name)));
}
