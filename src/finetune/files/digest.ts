import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { systemReason } from "../../json/reasons.ts";
import { DataError } from "../../tensor/errors.ts";

/** What decides what a model says, among the files of its folder. */
const OF_MODEL =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|chat_template|added_tokens|model\.safetensors\.index)\.json$|\.(safetensors|gguf|jinja)$/;

/** Whether a file of a model's folder is one of these. */
export const isOfModel = (name: string): boolean => OF_MODEL.test(name);

/** sha256 of files' names and bytes, in order. @throws DataError for a file that cannot be read */
async function digestOf(paths: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of paths) {
    try {
      const kind = await stat(path);
      if (kind.isDirectory()) throw new DataError(`${path}: expected a file to read, got a folder`);
      // A pipe has its bytes once, and a device may have them without end.
      if (!kind.isFile())
        throw new DataError(
          `${path}: expected a file that can be read again, got a pipe or device`,
        );
      hash.update(`${basename(path)}\0${kind.size}\0`);
      for await (const piece of createReadStream(path)) hash.update(piece);
    } catch (error) {
      const reason = systemReason(error);
      if (reason === undefined) throw error;
      throw new DataError(`${path}: expected a file to read, got ${reason}`);
    }
  }
  return hash.digest("hex");
}

/** Of a model's files; of their contents, not their dates. */
export async function modelDigest(folder: string): Promise<string> {
  const kind = await stat(folder).catch(() => undefined);
  if (!kind) throw new DataError(`${folder}: expected a folder with a model, got no such folder`);
  if (kind.isFile()) return digestOf([folder]);
  const names = (await readdir(folder)).filter(isOfModel).sort();
  return digestOf(names.map((name) => join(folder, name)));
}

export const fileDigest = (path: string): Promise<string> => digestOf([path]);

/** sha256 of a value of JSON. */
export const valueDigest = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex");
