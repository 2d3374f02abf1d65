import type { Engine } from "../../../src/engines/engine.ts";
import { apply, constant } from "../../../src/tensor/apply.ts";
import * as ops from "../../../src/tensor/ops.ts";
import { at } from "../../../src/tensor/shapes.ts";
import type { Tensor, TypedArray } from "../../../src/tensor/tensor.ts";
import { numbers } from "../sizes/models.ts";

/** Ordinary rows, rows with NaN or an infinity in the first, a middle and the last place, rows of one number. */
function rowsOf(n: number): number[][] {
  const ordinary = [1, 2, 3].map((seed) => Array.from(numbers(n, 3, seed)));
  const strange = [NaN, Infinity, -Infinity].flatMap((value) =>
    [0, 77, n - 1].map((place) => Array.from(numbers(n, 3, 4)).with(place, value)),
  );
  const equal = [-Infinity, Infinity, 0, -1e4].map((value) => Array<number>(n).fill(value));
  return [...ordinary, ...strange, ...equal];
}

/** What kernels make of rows that workgroups go through: sums, largest and least numbers. @returns results by name */
export async function reductionResults(
  engine: Engine,
): Promise<Readonly<Record<string, TypedArray>>> {
  // Groups of four for workgroups of 32 threads and of 256, not as many for each of them.
  const [short, long] = [132, 2052].map((n): Tensor<"constant"> => {
    const rows = rowsOf(n);
    return constant(Float32Array.from(rows.flat()), [rows.length, n]);
  }) as [Tensor, Tensor];
  const [rows = 0, n = 0] = long.shape;
  const g = constant(numbers(rows * n, 1, 5), [rows, n]);
  const gain = constant(numbers(n, 1, 9), [n]);
  const labels = constant(new Int32Array(rows).fill(17), [rows]);
  const found = await engine.run(() => [
    ops.softmax(short),
    ops.toFloat(ops.argmax(long)),
    apply("crossEntropy", [long, labels], {}),
    apply("rmsNormGradX", [g, long, gain], { epsilon: 1e-5 }),
    // By several workgroups, and their sums by another one.
    ops.sum(constant(numbers(2 ** 14, 1, 7), [2 ** 14])),
  ]);
  const names = ["softmax", "argmax", "crossEntropy", "rmsNormGradX", "sum"];
  return Object.fromEntries(names.map((name, i) => [name, at(found, i).data]));
}
