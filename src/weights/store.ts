import { DataError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { hashed, hashedReader, sha256 } from "./disk/hashing.ts";
import { openSafetensors, safetensorsParts, type Weights } from "./safetensors.ts";
import { bytesReader, type RangeReader } from "./weightFile.ts";

/** Where weights are kept by name. */
export interface Checkpoints {
  /** @returns undefined where nothing was saved under that name */
  load(name: string): Promise<Weights | undefined>;
  save(name: string, weights: Weights): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Kept for as long as the object lives. */
export function checkpointsInMemory(): Checkpoints {
  const kept = new Map<string, Weights>();
  return {
    load: async (name) => kept.get(name),
    save: async (name, weights) => {
      kept.set(name, weights);
    },
    remove: async (name) => {
      kept.delete(name);
    },
  };
}

/** Named bytes: a disk, or what a browser has in its place. Paths have `/` between their parts. */
export interface Files {
  /** @returns undefined where there is no such file */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Writes the whole file or nothing; makes its folders. */
  write(path: string, content: string | Uint8Array): Promise<void>;
  /** Does nothing where there is no such file. */
  remove(path: string): Promise<void>;
  /** Removes a folder and all that is in it. */
  removeFolder(path: string): Promise<void>;
  /** Files of any size; absent where all of them are small. */
  readonly inParts?: FilesInParts;
}

/** Named bytes that never lie in memory as a whole. */
export interface FilesInParts {
  /** @returns undefined where there is no such file */
  open(path: string): Promise<RangeReader | undefined>;
  /** Writes the whole file or nothing; makes its folders. */
  write(path: string, parts: AsyncIterable<Uint8Array>): Promise<void>;
}

/** Small files as if they came in parts. */
const wholly = (files: Files): FilesInParts => ({
  open: async (path) => {
    const bytes = await files.read(path);
    return bytes && bytesReader(bytes);
  },
  write: async (path, parts) => {
    const all: BlobPart[] = [];
    for await (const part of parts) all.push(part.slice());
    await files.write(path, new Uint8Array(await new Blob(all).arrayBuffer()));
  },
});

/**
 * Weights kept as `folder/name.safetensors`, with their digest beside them, as `sha256sum` writes
 * it and `sha256sum --check` reads it: one flipped bit in a file gives other numbers, but is no
 * error of the format. Files without a digest are taken as they are. However large they are, no more
 * is held than their tensors and a part of the file.
 */
export function checkpointsIn(files: Files, folder: string): Checkpoints {
  const pathOf = (name: string): string => `${folder}/${name}.safetensors`;
  const { open, write } = files.inParts ?? wholly(files);
  return {
    load: async (name) => {
      const path = pathOf(name);
      for (let again = true; ; again = false) {
        const kept = await files.read(digestPath(path));
        const file = await open(path);
        if (!file) return undefined;
        if (!kept) return readWhole(file, path);
        const { file: read, digest } = hashedReader(file);
        const weights = await readWhole(read, path).catch(asValue);
        const wrong = differing(await digest(), kept);
        if (!wrong) {
          if (weights instanceof Error) throw weights;
          return weights;
        }
        // Another process may have written the two in between.
        if (!again)
          throw new DataError(
            `${path}: expected the bytes that were written (SHA-256 ${wrong.expected}), got others (${wrong.got}); the file is damaged, remove it to compute it anew`,
          );
      }
    },
    save: async (name, weights) => {
      const path = pathOf(name);
      const hasher = sha256();
      // At no moment is there a digest of another file.
      await files.remove(digestPath(path));
      await write(path, hashed(safetensorsParts(weights), hasher));
      const digest = await hasher.digest();
      const base = path.slice(path.lastIndexOf("/") + 1);
      if (digest !== undefined) await files.write(digestPath(path), `${digest}  ${base}\n`);
    },
    remove: async (name) => {
      await files.remove(digestPath(pathOf(name)));
      await files.remove(pathOf(name));
    },
  };
}

/** Where the digest of a file of weights is kept. */
export const digestPath = (path: string): string => `${path}.sha256`;

/** All of a file's tensors. */
async function readWhole(file: RangeReader, path: string): Promise<Weights> {
  const { names, metadata, read } = await openSafetensors(file, path);
  const tensors: [string, Tensor][] = [];
  for (const name of names) tensors.push([name, await read(name)]);
  return { tensors: Object.fromEntries(tensors), metadata };
}

const asValue = (error: unknown): Error => (error instanceof Error ? error : new Error(`${error}`));

/** What a digest's file says, and what is there. */
interface Difference {
  readonly expected: string;
  readonly got: string;
}

function differing(got: string | undefined, kept: Uint8Array): Difference | undefined {
  const expected = new TextDecoder().decode(kept).slice(0, 64);
  return got === undefined || got === expected ? undefined : { expected, got };
}

/** The same of bytes in memory; undefined where they agree. */
export async function differs(
  bytes: Uint8Array,
  kept: Uint8Array,
): Promise<Difference | undefined> {
  const hasher = sha256();
  hasher.update(bytes);
  return differing(await hasher.digest(), kept);
}
