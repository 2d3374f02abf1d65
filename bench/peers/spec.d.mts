import type { PeerConfig } from "./own.mjs";

export const MODELS: { readonly [size in "S" | "M" | "L"]: PeerConfig };
export function initialWeights(model: PeerConfig, seed?: number): Float32Array;
export function trainingBatch(
  model: PeerConfig,
  seed?: number,
): { readonly x: Int32Array; readonly y: Int32Array };
