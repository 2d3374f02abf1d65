import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expand } from "../../src/compile/expand.ts";
import { checkGradient } from "../../src/engines/checkGradient.ts";
import { isFused } from "../../src/tensor/definitions.ts";
import { vjp } from "../../src/tensor/grad.ts";
import { add, concat, mul, reshape, sub } from "../../src/tensor/ops.ts";
import * as random from "../../src/tensor/random.ts";
import type { PrimitiveName, Tensor } from "../../src/tensor/tensor.ts";
import { traits } from "../../src/tensor/traits.ts";
import { testEngine } from "../testEngine.ts";
import { type Case, cases, primitives } from "./arbitraries.ts";
import { asFunction } from "./function.ts";
import { moderate } from "./numbers.ts";

const engine = await testEngine();

/** Thirty runs of ten cases: 300 cases an operation. */
const RUNS = 30;
const CASES = 10;

/** Directions: one random number for each element, from a seed. */
const like = (x: Tensor, seed: number): Tensor =>
  random.uniform(random.key(seed), x.shape, { min: -1, max: 1 });

/** Central differences across a step mean nothing. */
const hasDerivative = (op: PrimitiveName): boolean => traits[op].differentiable;

const several = (op: PrimitiveName): fc.Arbitrary<readonly Case[]> =>
  fc.array(cases[op](moderate) as fc.Arbitrary<Case>, { minLength: CASES, maxLength: CASES });

describe("the row of calculus of", () => {
  for (const op of primitives.filter(hasDerivative)) {
    test(`${op}: ⟨g, J·dx⟩ by central differences is ⟨vjp(g), dx⟩`, async () => {
      await fc.assert(
        fc.asyncProperty(several(op), fc.nat(), async (batch, seed) => {
          const functions = batch.map((c) => asFunction(op, c));
          const all = (...args: (readonly Tensor[])[]): Tensor =>
            concat(functions.map(({ f }, i) => reshape(f(...(args[i] as Tensor[])), [-1])));
          const report = await checkGradient(
            all,
            functions.map(({ xs }) => xs),
            { directions: 1, coordinates: 0, seed },
          );
          expect(report.wrong).toBe(0);
        }),
        { numRuns: RUNS },
      );
    });

    test(`${op}: is linear in the cotangent`, async () => {
      await fc.assert(
        fc.asyncProperty(several(op), async (batch) => {
          const rows = batch.map((c) => {
            const { f, xs } = asFunction(op, c);
            const [y, pullback] = vjp(f, ...xs);
            const [g1, g2] = [like(y, 1), like(y, 2)];
            const [a, b] = [pullback(g1), pullback(g2)];
            const both = pullback(add(mul(g1, 2), mul(g2, -3)));
            return both.map((c, i) => sub(c, add(mul(a[i] as Tensor, 2), mul(b[i] as Tensor, -3))));
          });
          for (const gap of (await engine.run(() => rows)).flat())
            expect(gap.data.every((x) => Math.abs(x) < 1e-9)).toBe(true);
        }),
        { numRuns: 3 },
      );
    });
  }
});

describe("a fused primitive equals its definition, value and gradient:", () => {
  for (const op of primitives.filter(isFused)) {
    test(op, async () => {
      await fc.assert(
        fc.asyncProperty(several(op), async (batch) => {
          const rows = batch.map((c) => {
            const { f, xs } = asFunction(op, c);
            const defined = (...ys: Tensor[]) => expand([f(...ys)])[0] as Tensor;
            const [y, pullback] = vjp(f, ...xs);
            const [z, definedPullback] = vjp(defined, ...xs);
            const g = like(y, 7);
            return { fused: [y, ...pullback(g)], defined: [z, ...definedPullback(g)] };
          });
          for (const { fused, defined } of await engine.run(() => rows))
            fused.forEach((x, i) => {
              x.data.forEach((value, j) => {
                const other = defined[i]?.data[j] ?? Number.NaN;
                if (!(Math.abs(value - other) < 1e-9 * (1 + Math.abs(value))))
                  expect.fail(`output ${i}, element ${j}: ${value}, its definition ${other}`);
              });
            });
        }),
        { numRuns: RUNS },
      );
    });
  }
});
