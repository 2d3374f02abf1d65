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
}

/** Weights kept as `folder/name.safetensors`. */
export function checkpointsIn(files: Files, folder: string): Checkpoints {
  const pathOf = (name: string): string => `${folder}/${name}.safetensors`;
  return {
    load: async (name) => {
      const bytes = await files.read(pathOf(name));
      return bytes && decodeSafetensors(bytes, pathOf(name));
    },
    save: (name, weights) => files.write(pathOf(name), encodeSafetensors(weights)),
    remove: (name) => files.remove(pathOf(name)),
  };
}
