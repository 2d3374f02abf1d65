import type { Engine } from "../../../src/engines/engine.ts";
import { constant, stored } from "../../../src/tensor/apply.ts";
import * as ops from "../../../src/tensor/ops.ts";
import { at } from "../../../src/tensor/shapes.ts";
import { round } from "../../../src/tensor/storage/types.ts";
import type { TypedArray } from "../../../src/tensor/tensor.ts";
import { numbers } from "../sizes/models.ts";

/** A layer's: 36 rows of SmolLM2-135M's width. */
const [M, K, N] = [36, 576, 64] as const;

/** Products of tiles, of floats and of stored numbers that f16 holds and does not. @returns results by name */
export async function productResults(
  engine: Engine,
): Promise<Readonly<Record<string, TypedArray>>> {
  const x = constant(numbers(M * K, 1, 1), [M, K]);
  const weights = numbers(N * K, 1, 2);
  const w = constant(weights, [N, K]);
  // A number that only bf16 has, which f16 would lose.
  const bf16 = stored("bf16", round("bf16", weights.with(7, 1e-9).with(9, 3e5)), [N, K]);
  const found = await engine.run(() => [
    ops.matmul(x, w, { transposeB: true }),
    ops.matmul(x, ops.cast(bf16, "float"), { transposeB: true }),
  ]);
  return { floats: at(found, 0).data, "with bf16": at(found, 1).data };
}
