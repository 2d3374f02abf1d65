import type { Engine } from "../../../src/engines/engine.ts";
import { constant, stored } from "../../../src/tensor/apply.ts";
import * as ops from "../../../src/tensor/ops.ts";
import { at } from "../../../src/tensor/shapes.ts";
import { round } from "../../../src/tensor/storage/types.ts";
import type { StorageType, TypedArray } from "../../../src/tensor/tensor.ts";
import { numbers } from "../sizes/models.ts";

const [ROWS, COLUMNS] = [416, 160] as const;
const TYPES: readonly StorageType[] = ["bf16", "f16", "q8_0"];

/** Numbers of many sizes, f16's subnormals among them. */
function weights(): Float32Array {
  const small = numbers(ROWS * COLUMNS, 1, 3);
  return small.map((x, i) => x * at([1, 0.02, 2 ** -14, 2 ** -20], Math.floor(i / COLUMNS) % 4));
}

/**
 * Products of one row with the transpose of a matrix that is kept in a storage type, and of many with the matrix; and
 * rows of f16's smallest numbers.
 * @returns results by name
 */
export async function storedResults(engine: Engine): Promise<Readonly<Record<string, TypedArray>>> {
  const results: Record<string, TypedArray> = {};
  const [one, many] = [
    constant(numbers(COLUMNS, 1, 1), [1, COLUMNS]),
    constant(numbers(36 * ROWS, 1, 2), [36, ROWS]),
  ];
  for (const type of TYPES) {
    const table = engine.put(stored(type, round(type, weights()), [ROWS, COLUMNS]));
    const found = await engine.run(() => {
      const wide = ops.cast(table, "float");
      return [ops.matmul(one, wide, { transposeB: true }), ops.matmul(many, wide)];
    });
    for (const [i, name] of ["one row", "many"].entries())
      results[`${name} by ${type}`] = at(found, i).data;
    engine.release(table);
  }
  // Read as they are where shaders have f16, which may take them for 0.
  const subnormals = Uint16Array.from({ length: 1024 }, (_, code) => code);
  const small = engine.put(stored("f16", subnormals, [32, 32]));
  const rows = constant(
    Int32Array.from({ length: 32 }, (_, i) => i),
    [32],
  );
  const { data } = await engine.run(() => ops.gather(ops.cast(small, "float"), rows));
  results["subnormals of f16"] = data;
  engine.release(small);
  return results;
}
