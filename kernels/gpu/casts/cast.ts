import type { StorageType } from "../../../src/tensor/tensor.ts";

/** A cast to be computed. */
export interface Cast {
  readonly storage: StorageType;
  /** From codes to floats, or back. */
  readonly widens: boolean;
  readonly elements: number;
}

/** Bytes of codes as a device holds them: in whole words of four. */
export const wordsOf = (bytes: number): number => Math.max(1, Math.ceil(bytes / 4));
