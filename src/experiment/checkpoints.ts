import type { Weights } from "./safetensors.ts";

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
