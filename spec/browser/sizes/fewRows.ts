import type { Engine } from "../../../src/engines/engine.ts";
import { constant } from "../../../src/tensor/apply.ts";
import { matmul } from "../../../src/tensor/ops.ts";
import type { Tensor, TypedArray } from "../../../src/tensor/tensor.ts";
import { numbers } from "./models.ts";

/** [batch, m, k] · [batch, n, k]ᵀ. */
type Product = readonly [batch: number, m: number, k: number, n: number];

/** Weights of a block, columns that are no groups of four, batches, and more groups of columns than a launch
 * has along an axis. */
const PRODUCTS: readonly Product[] = [
  [1, 1, 576, 1536],
  [1, 1, 1536, 577],
  [1, 3, 100, 251],
  [2, 5, 68, 130],
  [2, 8, 128, 64],
  [1, 1, 4, 4 * 65_536 + 2],
];

/**
 * Products of a few rows, as a token more of several sequences has them.
 * @param after what is made of each in the same program
 * @returns results by name
 */
export async function fewRowsResults(
  engine: Engine,
  products: readonly Product[] = PRODUCTS,
  after: (product: Tensor) => Tensor = (product) => product,
): Promise<Readonly<Record<string, TypedArray>>> {
  const results: Record<string, TypedArray> = {};
  for (const [i, [batch, m, k, n]] of products.entries()) {
    const a = constant(numbers(batch * m * k, 1, i + 1), [batch, m, k]);
    const b = constant(numbers(batch * n * k, 1, i + 7), [batch, n, k]);
    const product = await engine.run(() => after(matmul(a, b, { transposeB: true })));
    results[`${batch} × ${m} × ${k} × ${n}`] = product.data;
  }
  return results;
}
