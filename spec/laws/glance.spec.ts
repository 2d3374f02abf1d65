/** A glance at each primitive, in a second for all: what the laws look at for long, on a few cases. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expand } from "../../src/compile/expand.ts";
import { checkGradient } from "../../src/engines/checkGradient.ts";
import { apply, full } from "../../src/tensor/apply.ts";
import { isFused } from "../../src/tensor/definitions.ts";
import { ShapeError } from "../../src/tensor/errors.ts";
import { concat, reshape } from "../../src/tensor/ops.ts";
import { at } from "../../src/tensor/shapes.ts";
import { lengthOf } from "../../src/tensor/storage/types.ts";
import type { PrimitiveName, Tensor } from "../../src/tensor/tensor.ts";
import { traits } from "../../src/tensor/traits.ts";
import { testEngine } from "../testEngine.ts";
import { type Case, cases, primitives } from "./arbitraries.ts";
import { asFunction } from "./function.ts";
import { moderate } from "./numbers.ts";

const engine = await testEngine();

const few = (op: PrimitiveName) =>
  fc
    .sample(cases[op](moderate) as fc.Arbitrary<Case>, { numRuns: 8, seed: 12 })
    .map((drawn) => asFunction(op, drawn));

describe.each(primitives)("%s", (op) => {
  test("has as many numbers as its shape says, and those of its definition", async () => {
    const values = few(op).map(({ f, xs }) => f(...xs));
    const defined = isFused(op) ? expand(values) : values;
    const read = await engine.run(() => values.map((x, i) => [x, at(defined, i)] as const));
    for (const [i, [value, meant]] of read.entries()) {
      const { dtype, shape } = at(values, i);
      expect(value.data).toHaveLength(lengthOf(dtype, shape));
      for (const [j, x] of value.data.entries())
        expect(Math.abs(x - at(meant.data, j))).toBeLessThan(1e-9 * (1 + Math.abs(x)));
    }
  });

  const [drawn] = fc.sample(cases[op](moderate) as fc.Arbitrary<Case>, { numRuns: 1, seed: 12 });
  if (traits[op].elementwise && drawn && drawn.inputs.length > 1)
    test("takes no input of another shape than the others", () => {
      const inputs: readonly Tensor[] = drawn.inputs;
      for (const [i, { shape }] of inputs.entries()) {
        const other = inputs.with(i, full([...shape, 2], 1));
        expect(() => apply(op, other as never, drawn.attrs), `input ${i}`).toThrow(ShapeError);
      }
    });

  if (!traits[op].differentiable) return;
  test("has the slope of differences", async () => {
    const functions = few(op);
    const all = (...args: (readonly Tensor[])[]): Tensor =>
      concat(functions.map(({ f }, i) => reshape(f(...at(args, i)), [-1])));
    const xs = functions.map((one) => one.xs);
    const { wrong } = await checkGradient(all, xs, { directions: 2, coordinates: 0, seed: 1 });
    expect(wrong).toBe(0);
  });
});

test("a gain has a number for each of a row, whatever the axes before it", () => {
  const norm = (x: readonly number[], gain: readonly number[]) =>
    apply("rmsNorm", [full(x, 1), full(gain, 1)], { epsilon: 1e-5 });
  expect(norm([3, 2], [2]).shape).toEqual([3, 2]);
  expect(norm([4, 3, 2], [2]).shape).toEqual([4, 3, 2]);
  for (const gain of [[3], [1], [2, 1], []])
    expect(() => norm([3, 2], gain), `${gain}`).toThrow(ShapeError);
  expect(() => norm([], [1])).toThrow(ShapeError);
});

test("heads and slots that do not fit each other are refused", () => {
  const attends = (q: readonly number[], k: readonly number[], v = k) =>
    apply("causalAttention", [full(q, 1), full(k, 1), full(v, 1)], { scale: 1 });
  expect(attends([2, 4, 3, 8], [2, 2, 3, 8]).shape).toEqual([2, 4, 3, 8]);
  for (const [q, k, v] of [
    [
      [2, 4, 3, 8],
      [2, 3, 3, 8],
    ],
    [
      [2, 4, 3, 8],
      [2, 2, 4, 8],
    ],
    [
      [2, 4, 3, 8],
      [2, 2, 3, 4],
    ],
    [
      [2, 4, 3, 8],
      [2, 2, 3, 8],
      [2, 4, 3, 8],
    ],
    [
      [2, 4, 0, 8],
      [2, 2, 0, 8],
    ],
    [
      [4, 3, 8],
      [4, 3, 8],
    ],
  ] as const)
    expect(() => attends(q, k, v), `${q} ${k}`).toThrow(ShapeError);
});
