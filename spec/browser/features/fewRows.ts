import type { Engine } from "../../../src/engines/engine.ts";
import { constant } from "../../../src/tensor/apply.ts";
import * as ops from "../../../src/tensor/ops.ts";
import type { TypedArray } from "../../../src/tensor/tensor.ts";
import { numbers } from "../sizes/models.ts";

/** [batch, m, k] · [batch, n, k]ᵀ: fewer steps than threads, and more; columns that are no groups of four. */
const PRODUCTS = [
  [1, 1, 576, 130],
  [2, 8, 68, 64],
] as const;

/** Products of a few rows, one with more after it. @returns results by name */
export async function fewRowsResults(
  engine: Engine,
): Promise<Readonly<Record<string, TypedArray>>> {
  const results: Record<string, TypedArray> = {};
  for (const [i, [batch, m, k, n]] of PRODUCTS.entries()) {
    const a = constant(numbers(batch * m * k, 1, i + 1), [batch, m, k]);
    const b = constant(numbers(batch * n * k, 1, i + 7), [batch, n, k]);
    const product = await engine.run(() => ops.neg(ops.matmul(a, b, { transposeB: true })));
    results[`${batch} × ${m} × ${k} × ${n}`] = product.data;
  }
  return results;
}
