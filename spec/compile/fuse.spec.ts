import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildPlan } from "../../src/compile/build.ts";
import { type FusedPlan, type FusionLimits, fuse, repetitionOf } from "../../src/compile/fuse.ts";
import type { Plan, Step } from "../../src/compile/plan.ts";
import { showFused } from "../../src/compile/show.ts";
import { apply } from "../../src/tensor/apply.ts";
import * as ops from "../../src/tensor/ops.ts";
import { at, sizeOf } from "../../src/tensor/shapes.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { argument } from "./argument.ts";
import { graphs } from "./graphs.ts";
import { plainGroups } from "./plain.ts";

const WIDE: FusionLimits = { reads: 7, writes: 4, operands: 8, broadcasts: true };

/** Runs a fused plan as far as memory goes. @throws AssertionError where something is not there */
function expectSound({ groups, inputs, constants, donated, outputs }: FusedPlan, plan: Plan): void {
  const alive = new Set([...inputs, ...constants.map(({ value }) => value)].map((x) => x.buffer));
  for (const group of groups) {
    const here = new Set(group.inputs.map((x) => x.buffer));
    for (const { buffer } of group.inputs) expect(alive.has(buffer)).toBe(true);
    for (const step of group.steps) {
      for (const { buffer } of step.inputs) expect(here.has(buffer)).toBe(true);
      here.add(step.output.buffer);
    }
    for (const { buffer } of group.outputs) alive.add(buffer);
    for (const buffer of group.frees) expect(alive.delete(buffer)).toBe(true);
  }
  const kept = plan.inputs.filter((_, i) => !donated.includes(i)).map((x) => x.buffer);
  const constant = constants.map(({ value }) => value.buffer);
  expect(alive).toEqual(new Set([...kept, ...constant, ...outputs.map((x) => x.buffer)]));
}

const drawnLimits: fc.Arbitrary<FusionLimits> = fc.record({
  reads: fc.integer({ min: 1, max: 8 }),
  writes: fc.integer({ min: 1, max: 4 }),
  operands: fc.integer({ min: 2, max: 9 }),
  broadcasts: fc.boolean(),
  leads: fc.constantFrom(
    () => false,
    () => true,
    ({ op }: Step) => op === "matmul" || op === "softmax",
  ),
});

describe("fuse(plan, limits)", () => {
  test("makes the groups that its rules make when all is searched each time", () => {
    fc.assert(
      fc.property(
        graphs,
        drawnLimits,
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 2, max: 6 }), fc.nat(3)), { maxLength: 3 }),
        (graph, limits, drawn) => {
          const leaves = graph.shapes.map((shape, i) => argument(i, shape));
          const plan = buildPlan(graph.results(leaves), leaves);
          const free = new Set(plan.steps.map((_, i) => i));
          const regions = drawn.flatMap(([from, length, gap]) => {
            const positions = Array.from({ length }, (_, i) => (from % free.size) + i * (gap + 1));
            if (positions.some((i) => !free.has(i))) return [];
            for (const i of positions) free.delete(i);
            return [positions];
          });
          const groups = fuse(plan, limits, regions).groups.map((group) => group.positions);
          const wanted = [...new Set(plainGroups(plan, limits, regions))];
          const byFirst = (a: readonly number[], b: readonly number[]) => at(a, 0) - at(b, 0);
          expect(groups.toSorted(byFirst)).toEqual(wanted.toSorted(byFirst));
        },
      ),
      { numRuns: 500 },
    );
  });

  test("takes AdamW of a parameter in one group of three results", () => {
    const [p, g, m, v] = [0, 1, 2, 3].map((i) => argument(i, [8])) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const scalars = argument(4, [3]);
    const mean = apply("ema", [m, g], { decay: 0.9 });
    const square = apply("emaSquare", [v, g], { decay: 0.99 });
    const update = apply("adamwUpdate", [p, mean, square, scalars], {
      epsilon: 1e-8,
      weightDecay: 0.01,
    });
    const plan = buildPlan([ops.add(p, update), mean, square], [p, g, m, v, scalars], {
      donated: [0, 2, 3],
    });
    expect(showFused(fuse(plan, WIDE))).toMatchInlineSnapshot(`
      "donated x0 x2 x3
      y5 y6 y8 from x2 x1 x3 x0 x4: frees x2 x3 x0
        y5 [8] = ema(x2 [8], x1 [8]) decay=0.9
        y6 [8] = emaSquare(x3 [8], x1 [8]) decay=0.99
        t7 [8] = adamwUpdate(x0 [8], y5 [8], y6 [8], x4 [3]) epsilon=1e-8 weightDecay=0.01
        y8 [8] = add(x0 [8], t7 [8])
      return y8 [8], y5 [8], y6 [8]"
    `);
  });

  test("keeps every step once, after what it reads, within the limits, and frees all it need not keep", () => {
    fc.assert(
      fc.property(graphs, drawnLimits, fc.subarray([0, 1, 2]), (graph, limit, donated) => {
        const leaves = graph.shapes.map((shape, i) => argument(i, shape));
        const plan = buildPlan(graph.results(leaves), leaves, { donated });
        const fused = fuse(plan, limit);
        const positions = fused.groups.flatMap((group) => group.positions);
        expect(positions.toSorted((a, b) => a - b)).toEqual(plan.steps.map((_, i) => i));
        expectSound(fused, plan);
        for (const { steps, inputs, outputs } of fused.groups.filter((g) => g.steps.length > 1)) {
          expect(inputs.length).toBeLessThanOrEqual(limit.reads);
          expect(outputs.length).toBeLessThanOrEqual(limit.writes);
          expect(inputs.length + outputs.length).toBeLessThanOrEqual(limit.operands);
          expect(new Set(steps.map(({ output }) => sizeOf(output.shape))).size).toBe(1);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("leaves nothing between elementwise steps where the limits allow", () => {
    const x = argument(0, [5, 3]);
    const plan = buildPlan([ops.exp(ops.neg(ops.mul(ops.tanh(x), x)))], [x]);
    expect(fuse(plan, WIDE).groups.map((g) => g.steps.map(({ op }) => op))).toEqual([
      ["tanh", "mul", "neg", "exp"],
    ]);
  });

  test("does not take in what depends on a group and what the group depends on", () => {
    const x = argument(0, [4, 4]);
    const y = ops.tanh(x);
    const plan = buildPlan([ops.add(y, ops.matmul(y, x))], [x]);
    expect(fuse(plan, WIDE).groups.map((g) => g.steps.map(({ op }) => op))).toEqual([
      ["tanh"],
      ["matmul"],
      ["add"],
    ]);
  });

  test("keeps apart what reads numbers elsewhere than it makes them, and other sizes", () => {
    const [p, m, v, x] = [0, 1, 2, 3].map((i) => argument(i, [3])) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const options = { epsilon: 1e-8, weightDecay: 0 };
    // AdamW reads its scalars whole, whichever number it makes.
    const update = apply("adamwUpdate", [p, m, v, ops.exp(x)], options);
    const grouped = (outputs: readonly Tensor[], leaves: readonly Tensor[]) =>
      fuse(buildPlan(outputs, leaves), WIDE).groups.map((g) => g.steps.map(({ op }) => op));
    expect(grouped([update], [p, m, v, x])).toEqual([["exp"], ["adamwUpdate"]]);
    const wide = argument(0, [2, 3]);
    expect(grouped([ops.exp(wide), ops.exp(ops.sum(ops.neg(wide)))], [wide])).toEqual([
      ...[["exp"], ["neg"], ["sum"], ["exp"]],
    ]);
  });

  test("takes regions as they are given, unless something between them prevents it", () => {
    const x = argument(0, [4, 4]);
    const y = ops.exp(ops.matmul(ops.tanh(x), x));
    const plan = buildPlan([y, ops.neg(ops.tanh(x))], [x]);
    const ofOps = (regions: readonly (readonly number[])[]) =>
      fuse(plan, WIDE, regions).groups.map((g) => g.steps.map(({ op }) => op).join("+"));
    const place = (op: string): number => plan.steps.findIndex((step) => step.op === op);
    const [tanh, matmul, exp] = [place("tanh"), place("matmul"), place("exp")];
    expect(ofOps([[tanh, matmul]]).toSorted()).toEqual(["exp", "neg", "tanh+matmul"]);
    // What is held in a region joins no other group, and what is not convex is none.
    expect(ofOps([[tanh, exp]])).toEqual(ofOps([]));
  });

  test("finds a way round by a group that has begun before", () => {
    const [a, b, c] = [0, 1, 2].map((i) => argument(i, [4, 4])) as [Tensor, Tensor, Tensor];
    const y = ops.tanh(a);
    const x = ops.matmul(y, b);
    const m = ops.exp(c);
    const z = ops.add(y, ops.matmul(m, b)); // joins y, and waits for m
    const plan = buildPlan([x, z, ops.add(m, x)], [a, b, c]);
    const fused = fuse(plan, WIDE);
    expectSound(fused, plan);
    expect(fused.groups.map((g) => g.steps.map(({ op }) => op))).toEqual([
      ["exp"],
      ["matmul"],
      ["tanh", "add"],
      ["matmul"],
      ["add"],
    ]);
  });
});

test("repetitionOf(from, to) tells how a broadcast repeats numbers, where that is simple", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.boolean()), { maxLength: 4 }),
      (axes) => {
        const to = axes.map(([length]) => length);
        const from = axes.map(([length, kept]) => (kept ? length : 1));
        const repetition = repetitionOf(from, to);
        const spread = to.flatMap((n, i) => (n === 1 ? [] : [from[i] === 1]));
        const text = spread.map((s) => (s ? "s" : "k")).join("");
        expect(repetition !== undefined).toBe(/^(s*k*|k*s*)$/.test(text));
        if (!repetition) return;
        const strides = from.map((n, i) => (n === 1 ? 0 : sizeOf(from.slice(i + 1))));
        for (let index = 0; index < sizeOf(to); index++) {
          let [rest, source] = [index, 0];
          for (let axis = to.length - 1; axis >= 0; axis--) {
            source += (rest % (to[axis] as number)) * (strides[axis] as number);
            rest = Math.floor(rest / (to[axis] as number));
          }
          const { kind, inner } = repetition;
          expect(kind === "whole" ? index % inner : Math.floor(index / inner)).toBe(source);
        }
      },
    ),
  );
});
