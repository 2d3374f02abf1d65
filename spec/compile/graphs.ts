import fc from "fast-check";
import * as ops from "../../src/tensor/ops.ts";
import type { Shape, Tensor } from "../../src/tensor/tensor.ts";

/** What the leaves of a random graph are shaped like; results are [6, columns]. */
const leafShapes = (columns: number): readonly Shape[] => [
  ...[
    [6, columns],
    [6, columns],
    [1, 1],
    [6, 1],
  ],
  ...[[1, columns], [columns, columns], [3]],
];

const rowsOf = (x: Tensor, from: number, to: number): Tensor =>
  ops.slice(x, [from, 0], [to - from, x.shape[1] as number]);
const columnsOf = (x: Tensor, from: number, to: number): Tensor =>
  ops.slice(x, [0, from], [x.shape[0] as number, to - from]);

type Rule = (operands: readonly Tensor[], leaves: readonly Tensor[]) => Tensor;

/** What an operation does with earlier results; no group takes in those that multiply or move. */
function rulesOf(columns: number): readonly Rule[] {
  const shape = [6, columns];
  const spread = (x: Tensor | undefined): Tensor => ops.broadcastTo(x as Tensor, shape);
  return [
    ([a, b]) => ops.add(a as Tensor, b as Tensor),
    ([a, b]) => ops.mul(a as Tensor, b as Tensor),
    ([a]) => ops.tanh(a as Tensor),
    ([a]) => ops.neg(a as Tensor),
    ([a, b, c]) => ops.select(ops.less(a as Tensor, b as Tensor), b as Tensor, c as Tensor),
    ([a], leaves) => ops.sub(a as Tensor, spread(leaves[2])),
    ([a], leaves) => ops.mul(a as Tensor, spread(leaves[3])),
    ([a], leaves) => ops.add(a as Tensor, spread(leaves[4])),
    ([a], leaves) => ops.tanh(ops.matmul(a as Tensor, leaves[5] as Tensor)),
    ([a]) => spread(ops.sum(a as Tensor, { axis: 1, keepAxes: true })),
    ([a]) => {
      const turned = ops.transpose(ops.reshape(ops.tanh(a as Tensor), [columns, 6]));
      return ops.reshape(turned, shape);
    },
    ([a]) => ops.concat([rowsOf(a as Tensor, 4, 6), rowsOf(a as Tensor, 0, 4)]),
    ([a, b]) => ops.concat([rowsOf(a as Tensor, 0, 2), rowsOf(b as Tensor, 2, 6)]),
    ([a]) => {
      const [upper, lower] = [rowsOf(a as Tensor, 0, 2), rowsOf(a as Tensor, 2, 6)];
      return ops.tanh(ops.concat([upper, rowsOf(lower, 0, 1), rowsOf(lower, 1, 4)]));
    },
    ([a]) => ops.concat([columnsOf(a as Tensor, 1, columns), columnsOf(a as Tensor, 0, 1)], 1),
    ([a, b]) => ops.add(a as Tensor, ops.pad(rowsOf(b as Tensor, 1, 3), [1, 0], [3, 0])),
  ];
}

/** A random graph: results as a function of leaves of these shapes. */
export interface Graph {
  readonly shapes: readonly Shape[];
  readonly results: (leaves: readonly Tensor[]) => readonly Tensor[];
}

const step = fc.record({
  rule: fc.nat(),
  operands: fc.tuple(fc.nat(), fc.nat(), fc.nat()),
});

export const graphs: fc.Arbitrary<Graph> = fc
  .record({
    columns: fc.constantFrom(4, 5),
    steps: fc.array(step, { minLength: 1, maxLength: 20 }),
    returned: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
  })
  .map(({ columns, steps, returned }) => ({
    shapes: leafShapes(columns),
    results(leaves) {
      const rules = rulesOf(columns);
      const pool: Tensor[] = leaves.slice(0, 2);
      // Recent results are taken more often, so that chains grow.
      const pick = (n: number): Tensor =>
        pool[pool.length - 1 - (n % Math.min(pool.length, 4))] as Tensor;
      for (const { rule, operands } of steps)
        pool.push((rules[rule % rules.length] as Rule)(operands.map(pick), leaves));
      return [pool.at(-1) as Tensor, ...returned.map((n) => pool[n % pool.length] as Tensor)];
    },
  }));
