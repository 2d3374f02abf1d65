import type { Engine } from "../../../src/engines/engine.ts";
import { constant } from "../../../src/tensor/apply.ts";
import { grad } from "../../../src/tensor/grad.ts";
import * as ops from "../../../src/tensor/ops.ts";
import { sizeOf } from "../../../src/tensor/shapes.ts";
import type { Shape, Tensor, TypedArray } from "../../../src/tensor/tensor.ts";
import { numbers } from "./models.ts";

const tensorOf = (shape: Shape, seed: number): Tensor<"constant"> =>
  constant(numbers(sizeOf(shape), 1, seed), shape);

/** A cache grown and written, sums of repeated heads, and a sliced table's gradient. @returns results by name */
export async function moveResults(engine: Engine): Promise<Readonly<Record<string, TypedArray>>> {
  // Matrices of which a part holds two, and such that parts begin within them.
  const results: Record<string, TypedArray> = {};
  for (const slots of [256, 301]) {
    const [G, D, P, R] = [5, 32, 200, 3];
    const ids = constant(
      Int32Array.from({ length: G * R }, (_, i) => (i * 67 + 190) % slots),
      [1, G, R],
    );
    const args = [tensorOf([1, G, P, D], 1), tensorOf([1, G, R, D], 2)] as const;
    const program = engine.compile((keys: Tensor, next: Tensor) => {
      const cache = ops.pad(keys, [0, 0, 0, 0], [0, 0, slots - P, 0]);
      const written = ops.scatterRows(cache, ids, next);
      return {
        written,
        ...{ sums: ops.sum(written, { axis: 2 }), largest: ops.max(written, { axis: 1 }) },
        ...{ first: ops.max(ops.reshape(written, [-1, D]), { axis: 0 }) },
        sliced: grad((x: Tensor) => ops.sum(ops.exp(ops.slice(x, [0, 1, 3, 4], [1, 3, 190, 20]))))(
          keys,
        ),
      };
    });
    const made = await engine.read(await program(...args));
    for (const [name, result] of Object.entries(made)) results[`${name} of ${slots}`] = result;
  }
  return results;
}
