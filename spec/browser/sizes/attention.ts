import type { Engine } from "../../../src/engines/engine.ts";
import { causalAttention, rangeAttention } from "../../../src/nn/attention.ts";
import { constant } from "../../../src/tensor/apply.ts";
import { valueAndGrad } from "../../../src/tensor/grad.ts";
import * as ops from "../../../src/tensor/ops.ts";
import { sizeOf } from "../../../src/tensor/shapes.ts";
import type { Shape, Tensor, TypedArray } from "../../../src/tensor/tensor.ts";
import { numbers } from "./models.ts";

const [HEADS, GROUPS, D] = [4, 2, 32];
const tensorOf = (shape: Shape, seed: number): Tensor<"constant"> =>
  constant(numbers(sizeOf(shape), 1, seed), shape);

/** Attention over a sequence and over a cache, whose scores are larger than the rest. @returns results by name */
export async function attentionResults(
  engine: Engine,
): Promise<Readonly<Record<string, TypedArray>>> {
  const results: Record<string, TypedArray> = {};
  // Matrices of 128 · 64 numbers, two of which a part holds; of 192 · 96, each in parts; and odd ones.
  for (const [B, T] of [
    [2, 64],
    [1, 96],
    [2, 81],
  ] as const) {
    const args = [HEADS, GROUPS, GROUPS].map((heads, i) => tensorOf([B, heads, T, D], i + 1));
    const [loss, gradients] = await engine.run(() =>
      valueAndGrad((x: readonly Tensor[]) => {
        const [q, k, v] = x as readonly [Tensor, Tensor, Tensor];
        return ops.sum(ops.square(causalAttention(q, k, v)));
      })(args),
    );
    results[`sequence of ${T}`] = loss.data;
    for (const [i, gradient] of gradients.entries())
      results[`sequence of ${T}, gradient ${i}`] = (gradient as Tensor<"constant">).data;
  }
  const [T, S] = [24, 256];
  const places = constant(
    Int32Array.from({ length: T }, (_, t) => 200 + t),
    [1, T],
  );
  const [q, k, v] = [
    tensorOf([1, HEADS, T, D], 4),
    tensorOf([1, GROUPS, S, D], 5),
    tensorOf([1, GROUPS, S, D], 6),
  ] as const;
  const mixed = await engine.run(() =>
    rangeAttention(q, k, v, { slots: places, positions: places, window: 90 }),
  );
  return { ...results, cache: mixed.data };
}
