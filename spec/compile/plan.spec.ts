import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildPlan } from "../../src/compile/build.ts";
import type { Plan } from "../../src/compile/plan.ts";
import { showPlan } from "../../src/compile/show.ts";
import { planStats } from "../../src/compile/statistics.ts";
import { full, tensor } from "../../src/tensor/apply.ts";
import { valueAndGrad } from "../../src/tensor/grad.ts";
import * as ops from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { traits } from "../../src/tensor/traits.ts";
import { argument } from "./argument.ts";

/** Each output takes over the first donated input of its size that it reads last, else that is dead. */
function expectTaken({ buffers, steps, donated }: Plan): void {
  const free = new Set(donated);
  steps.forEach(({ op, inputs, output }, i) => {
    if (buffers[output.buffer]?.kind !== "output") return;
    const isFit = (x: number) =>
      free.has(x) && buffers[x]?.elements === buffers[output.buffer]?.elements;
    const isRead = (x: number, from: number) =>
      steps.slice(from).some((step) => step.inputs.some(({ buffer }) => buffer === x));
    const here = traits[op].elementwise ? inputs.map(({ buffer }) => buffer) : [];
    const taken =
      here.find((x) => isFit(x) && !isRead(x, i + 1)) ??
      [...free].find((x) => isFit(x) && !isRead(x, i));
    expect(buffers[output.buffer]?.reuses).toBe(taken);
    if (taken !== undefined) free.delete(taken);
  });
}

describe("buildPlan(outputs, inputs)", () => {
  test("keeps each constant of one number once, 0 and −0 apart", () => {
    const x = argument(0, []);
    const sums = [1, 0, -0, 1, Number.NaN, 0, -0, Number.NaN].map((n) => ops.add(x, n));
    const { constants } = buildPlan(sums, [x]);
    expect(constants.map(({ data }) => data[0])).toEqual([1, 0, -0, Number.NaN]);
  });

  test("lists a step's operations, views, lifetimes and donated memory", () => {
    const [w, x] = [argument(0, [2, 1]), argument(1, [3, 2])];
    const f = (v: Tensor) => ops.sum(ops.square(ops.matmul(x, v)));
    const [loss, dw] = valueAndGrad(f)(w);
    const plan = buildPlan([ops.sub(w, ops.mul(dw, 0.1)), loss], [w, x], { donated: [0] });
    expect(showPlan(plan)).toMatchInlineSnapshot(`
      "donated x0
      t2 [3, 1] = matmul(x1 [3, 2], x0 [2, 1]) transposeA=false transposeB=false
      t3 [3, 1] = mul(t2 [3, 1], t2 [3, 1])
      y4 [] = sum(t3 [3]) axis=0 frees t3
      t6 [3] = broadcast(c5 [1]) shape=[3]
      t7 [3, 1] = mulNoNan(t6 [3, 1], t2 [3, 1]) frees t2 t6
      t8 [3, 1] = add(t7 [3, 1], t7 [3, 1]) frees t7
      t9 [2, 1] = matmul(x1 [3, 2], t8 [3, 1]) transposeA=true transposeB=false frees t8
      t11 [2, 1] = broadcast(c10 [1, 1]) shape=[2,1]
      t12 [2, 1] = mul(t9 [2, 1], t11 [2, 1]) frees t9 t11
      y13 [2, 1] = sub(x0 [2, 1], t12 [2, 1]) over x0 frees t12
      return y13 [2, 1], y4 []"
    `);
  });

  test("computes shallow outputs first, so that gradients are used up layer by layer", () => {
    const layers = Array.from({ length: 8 }, (_, i) => argument(i, [32, 32]));
    const f = (ws: readonly Tensor[]) =>
      ops.sum(ws.reduce((h, w) => ops.tanh(ops.matmul(h, w)), full([32, 32], 0.1)));
    const gradient = valueAndGrad(f)(layers)[1];
    const updated = layers.map((w, i) => ops.sub(w, gradient[i] as Tensor));
    const peak = (outputs: readonly Tensor[]) =>
      planStats(buildPlan(outputs, layers, { donated: layers.map((_, i) => i) })).peakBytes;
    // Weights, activations, and the few matrices that one layer's gradients need.
    expect(peak(updated)).toBeLessThanOrEqual((8 + 8 + 5) * 4 * 32 ** 2);
    expect(peak(updated.toReversed())).toBe(peak(updated));
  });

  test("drops what the outputs do not need and computes equal expressions once", () => {
    const x = argument(0, [4]);
    ops.exp(x);
    const plan = buildPlan([ops.add(ops.exp(x), ops.exp(ops.stopGradient(x)))], [x]);
    expect(plan.steps.map((s) => s.op)).toEqual(["exp", "add"]);
  });

  test("copies an output that is an input, a constant or another output", () => {
    const x = argument(0, [4]);
    const y = ops.exp(x);
    const plan = buildPlan([x, tensor([1, 2]), y, y, ops.reshape(y, [2, 2])], [x]);
    expect(plan.steps.map((s) => s.op)).toEqual(["exp", "alias", "alias", "alias", "alias"]);
    expect(new Set(plan.outputs.map((v) => v.buffer)).size).toBe(5);
    expect(plan.outputs.map((v) => v.shape)).toEqual([[4], [2], [4], [4], [2, 2]]);
  });

  test("refuses arguments of another function", () => {
    expect(() => buildPlan([ops.exp(argument(0, [1]))], [])).toThrow(
      "compile: expected only this function's arguments, got an argument of another traced function",
    );
  });

  test("frees every temporary once, after its last use, and never reads a freed buffer", () => {
    const unary = [ops.exp, ops.tanh, ops.neg] as const;
    const binary = [ops.add, ops.mul, ops.sub] as const;
    const instruction = fc.tuple(fc.nat(5), fc.nat(50), fc.nat(50));
    fc.assert(
      fc.property(
        fc.array(instruction, { minLength: 1, maxLength: 30 }),
        fc.nat(3),
        (program, n) => {
          const inputs = [[3], [3], [1], [3]].map((shape, i) => argument(i, shape));
          const made: Tensor[] = [...inputs];
          const pick = (i: number) => made[i % made.length] as Tensor;
          for (const [kind, i, j] of program) {
            const f = unary[kind];
            made.push(f ? f(pick(i)) : (binary[kind - 3] as typeof ops.add)(pick(i), pick(j)));
          }
          const plan = buildPlan(made.slice(-1 - n), inputs, { donated: [0, 2, 3] });
          expectTaken(plan);
          const freed = new Set<number>();
          const taken = new Set<number>();
          for (const { inputs: reads, output, frees } of plan.steps) {
            for (const { buffer } of reads) expect(freed.has(buffer)).toBe(false);
            const over = plan.buffers[output.buffer]?.reuses;
            if (over !== undefined) {
              expect(plan.donated).toContain(over);
              expect(taken.has(over)).toBe(false);
              taken.add(over);
            }
            for (const dead of frees) {
              expect(freed.has(dead)).toBe(false);
              freed.add(dead);
            }
          }
          plan.buffers.forEach(({ kind }, buffer) => {
            const shouldDie =
              kind === "temporary" || (plan.donated.includes(buffer) && !taken.has(buffer));
            expect(freed.has(buffer)).toBe(shouldDie);
          });
          // After it was taken over, only the output stands in a donated buffer.
          plan.steps.forEach(({ output }, at) => {
            const over = plan.buffers[output.buffer]?.reuses;
            if (over === undefined) return;
            for (const later of plan.steps.slice(at + 1))
              expect(later.inputs.some((x) => x.buffer === over)).toBe(false);
          });
        },
      ),
      { numRuns: 300 },
    );
  });
});
