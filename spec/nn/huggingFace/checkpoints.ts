import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { at } from "../../../src/tensor/shapes.ts";
import { openWeights } from "../../../src/weights/openWeights.ts";
import type { WeightFile } from "../../../src/weights/weightFile.ts";

const folder =
  process.env["ANCHORGRAD_CHECKPOINTS"] ??
  fileURLToPath(new URL("../../../../shared/checkpoints", import.meta.url));

/** Reference checkpoints with the numbers of the original library, which are no part of the project. */
export const checkpoints: readonly string[] = existsSync(`${folder}/models`)
  ? readdirSync(`${folder}/models`).sort()
  : [];

export const absent: boolean = checkpoints.length === 0;
/** Why, for a test's name. */
export const reason: string = absent
  ? " (skipped: set ANCHORGRAD_CHECKPOINTS to a folder with models/)"
  : "";

/** What transformers computed, in float64 where names say 64. */
export interface Reference {
  readonly input_ids: number[][];
  readonly labels: number[][];
  readonly loss64: number;
  readonly grads64: Record<string, { norm: number; sum: number; first16: number[] }>;
  readonly hidden64: { sum: number; norm: number; last8: number[] }[];
  readonly greedy?: { prompt: number[]; tokens: number[] };
  readonly leftpad?: {
    input_ids: number[][];
    attention_mask: number[][];
    position_ids: number[][];
  };
  readonly mutants_max_abs_logit_change: Record<string, number>;
  readonly short?: { input_ids: number[][]; labels: number[][]; loss: number };
}

export interface Checkpoint {
  readonly path: string;
  readonly reference: Reference;
  weights(): Promise<WeightFile>;
  /** reference.safetensors. */
  numbers(): Promise<WeightFile>;
  json(file: "config.json" | "config.v5.json"): Record<string, unknown>;
}

export function checkpoint(name: string): Checkpoint {
  const path = `${folder}/models/${name}`;
  const json = (file: string) => JSON.parse(readFileSync(`${path}/${file}`, "utf8"));
  return {
    path,
    reference: json("reference.json"),
    weights: () => openWeights(path),
    numbers: () => openWeights(`${path}/reference.safetensors`),
    json,
  };
}

/** The largest difference, element by element. */
export function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const off = Math.abs(at(a, i) - at(b, i));
    if (!(off <= most)) most = off; // NaN counts as apart
  }
  return most;
}
