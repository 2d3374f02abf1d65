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

type Rule = (operands: readonly Tensor[], leaves: readonly Tensor[]) => Tensor;

/** What an operation does with earlier results, the last three of which no group takes in. */
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
    steps: fc.array(step, { minLength: 1, maxLength: 16 }),
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
