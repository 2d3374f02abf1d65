import { DataError } from "../tensor/errors.ts";
import { decodeSafetensors, encodeSafetensors, type Weights } from "./safetensors.ts";

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
}

/**
 * Weights kept as `folder/name.safetensors`, with their digest beside them, as `sha256sum` writes
 * it and `sha256sum --check` reads it: one flipped bit in a file gives other numbers, but is no
 * error of the format. Files without a digest are taken as they are.
 */
export function checkpointsIn(files: Files, folder: string): Checkpoints {
  const pathOf = (name: string): string => `${folder}/${name}.safetensors`;
  return {
    load: async (name) => {
      const path = pathOf(name);
      for (let again = true; ; again = false) {
        const kept = await files.read(digestPath(path));
        const bytes = await files.read(path);
        if (!bytes) return undefined;
        const wrong = kept && (await differs(bytes, kept));
        if (!wrong) return decodeSafetensors(bytes, path);
        // Another process may have written the two in between.
        if (!again)
          throw new DataError(
            `${path}: expected the bytes that were written (SHA-256 ${wrong.expected}), got others (${wrong.got}); the file is damaged, remove it to compute it anew`,
          );
      }
    },
    save: async (name, weights) => {
      const path = pathOf(name);
      const bytes = encodeSafetensors(weights);
      // At no moment is there a digest of another file.
      await files.remove(digestPath(path));
      await files.write(path, bytes);
      const digest = await digestOf(bytes);
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

/** SHA-256 in hexadecimal; undefined in pages without TLS, which browsers do not give it. */
async function digestOf(bytes: Uint8Array): Promise<string | undefined> {
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  if (!subtle) return undefined;
  const hash = new Uint8Array(await subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What a digest's file says, and what is there; undefined where they agree. */
export async function differs(
  bytes: Uint8Array,
  kept: Uint8Array,
): Promise<{ readonly expected: string; readonly got: string } | undefined> {
  const expected = new TextDecoder().decode(kept).slice(0, 64);
  const got = await digestOf(bytes);
  return got === undefined || got === expected ? undefined : { expected, got };
}
