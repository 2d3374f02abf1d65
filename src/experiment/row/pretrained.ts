/** What a pre-training is kept as, and how it is read back. */
import type { Params } from "../../nn/config.ts";
import type { TensorTree } from "../../optim/optimizer.ts";
import { DataError, showShape } from "../../tensor/errors.ts";
import { isCount, sameShape } from "../../tensor/shapes.ts";
import type { Shape, Tensor } from "../../tensor/tensor.ts";
import * as tree from "../../tensor/tree.ts";
import { refuse } from "../../text/jsonl.ts";
import type { Weights } from "../../weights/safetensors.ts";
import { readJson } from "../json.ts";

/** From which training goes on. */
export interface Start {
  readonly params: Params;
  readonly step: number;
  readonly state?: TensorTree;
}

/** Losses are read back, and reported, every so many steps. */
export const READ_EVERY = 20;

/** The losses that were reported, in order, as a file's text. */
export const written = (losses: readonly number[]): { readonly losses: string } => ({
  losses: JSON.stringify(losses),
});

/** @throws DataError for a file that tells no losses */
export function lossesIn({ metadata }: Weights, name: string): number[] {
  const losses = readJson(metadata["losses"] ?? "[]", name);
  const read: readonly unknown[] = Array.isArray(losses) ? losses : [losses ?? ""];
  return read.map((loss) => {
    // JSON has no NaN.
    if (loss === null) return Number.NaN;
    return typeof loss === "number" ? loss : refuse(name, "numbers as losses", loss);
  });
}

/** Training's whole state as one file: parameters and the optimizer's memory, by path. */
export const keep = (
  { params, state, step }: Required<Start>,
  losses: readonly number[],
): Weights => ({
  tensors: Object.fromEntries(tree.entries<Tensor>({ params, state })),
  metadata: { step: `${step}`, ...written(losses) },
});

/**
 * @param template what training begins with
 * @throws DataError for a file of another training, or of none
 */
export function restore(
  { tensors, metadata }: Weights,
  losses: readonly number[],
  template: { readonly params: Params; readonly state: TensorTree },
  name: string,
): Required<Start> {
  const text = metadata["step"] ?? "";
  const step = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!isCount(step)) return refuse(name, "a whole number as step", text);
  const told = Math.floor(step / READ_EVERY);
  if (losses.length !== told)
    throw new DataError(`${name}: expected ${told} losses of ${step} steps, got ${losses.length}`);
  const leaves = tree
    .entries<Tensor>(template)
    .map(([path, { shape }]) => tensorIn(tensors, path, shape, name));
  const { structure } = tree.flatten<Tensor>(template);
  const kept = tree.unflatten(structure, leaves) as unknown as typeof template;
  return { ...kept, step };
}

/** @throws DataError for a file without all of a model's parameters */
export function paramsIn(
  { tensors }: Weights,
  shapes: Readonly<Record<string, Shape>>,
  name: string,
): Params {
  for (const [path, shape] of Object.entries(shapes)) tensorIn(tensors, path, shape, name);
  return tensors;
}

function tensorIn(tensors: Params, path: string, shape: Shape, name: string): Tensor {
  const tensor = Object.hasOwn(tensors, path) ? tensors[path] : undefined;
  if (tensor && sameShape(tensor.shape, shape)) return tensor;
  const got = tensor ? showShape(tensor.shape) : "none";
  throw new DataError(`${name}: expected tensor ${path} ${showShape(shape)}, got ${got}`);
}
