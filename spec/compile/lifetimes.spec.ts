import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildPlan } from "../../src/compile/build.ts";
import type { Plan } from "../../src/compile/plan.ts";
import { full } from "../../src/tensor/apply.ts";
import * as ops from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { traits } from "../../src/tensor/traits.ts";
import { argument } from "./argument.ts";
import { graphs } from "./graphs.ts";

/** What an output is written over, by the output's operation. */
const takeovers = ({ steps, buffers }: Plan): readonly string[] =>
  steps.flatMap(({ op, output }) => {
    const over = buffers[output.buffer]?.reuses;
    return over === undefined ? [] : [`${op} over ${over}`];
  });

describe("donated memory", () => {
  test("is taken over by outputs alone, once, by those of its size and type, when it is dead", () => {
    fc.assert(
      fc.property(graphs, fc.subarray([0, 1, 2, 3]), (graph, donated) => {
        const leaves = graph.shapes.map((shape, i) => argument(i, shape));
        const plan = buildPlan(graph.results(leaves), leaves, { donated });
        const taken = new Set<number>();
        plan.steps.forEach(({ op, inputs, output }, i) => {
          const buffer = plan.buffers[output.buffer];
          const over = buffer?.reuses;
          if (over === undefined) return;
          expect(buffer?.kind).toBe("output");
          expect(plan.donated).toContain(over);
          expect(taken.has(over)).toBe(false);
          taken.add(over);
          expect(plan.buffers[over]?.elements).toBe(buffer?.elements);
          expect(plan.buffers[over]?.dtype).toBe(buffer?.dtype);
          for (const later of plan.steps.slice(i + 1))
            expect(later.inputs.some((x) => x.buffer === over)).toBe(false);
          inputs.forEach((x, place) => {
            if (x.buffer !== over) return;
            // Number by number, and at the same place.
            expect(traits[op].elementwise).toBe(true);
            expect(traits[op].whole).not.toContain(place);
          });
        });
      }),
      { numRuns: 500 },
    );
  });

  test("is not written over by what reads it elsewhere than it writes", () => {
    const [x, w] = [argument(0, [3, 3]), argument(1, [3, 3])];
    const plan = (y: Tensor) => takeovers(buildPlan([y], [x, w], { donated: [0, 1] }));
    expect(plan(ops.matmul(x, w))).toEqual([]);
    expect(plan(ops.transpose(x, [1, 0]))).toEqual(["transpose over 1"]);
    expect(plan(ops.add(x, w))).toEqual(["add over 0"]);
  });

  test("keeps numbers of one type", () => {
    const [ids, x] = [argument(0, [4], "int"), argument(1, [4])];
    const plan = (y: Tensor) => takeovers(buildPlan([y], [ids, x], { donated: [0] }));
    expect(plan(ops.toFloat(ids))).toEqual([]);
    expect(plan(ops.exp(x))).toEqual([]);
  });

  test("is freed with the last step where nothing reads it", () => {
    const [x, unread] = [argument(0, [2]), argument(1, [3])];
    const { steps } = buildPlan([ops.sum(ops.exp(ops.neg(x)))], [x, unread], { donated: [1] });
    expect(steps.map(({ frees }) => frees.includes(1))).toEqual([false, false, true]);
    expect(steps).toHaveLength(3);
  });

  test("stays where it is not donated", () => {
    const x = argument(0, [2]);
    expect(takeovers(buildPlan([ops.add(x, full([2], 1))], [x], { donated: [] }))).toEqual([]);
  });
});
