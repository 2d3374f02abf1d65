import { describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import { tensor } from "../../src/tensor/apply.ts";
import { grad } from "../../src/tensor/grad.ts";
import {
  div,
  exp,
  less,
  log,
  max,
  maximum,
  minimum,
  mul,
  type Operand,
  select,
  sqrt,
  sum,
} from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

describe("what a select rules out does not come back as 0 · ∞", () => {
  const x = (...values: number[]) => tensor(values);
  const chosen = (condition: Tensor, a: Operand, b: Operand) => sum(select(condition, a, b));
  const cases: Readonly<Record<string, [f: (x: Tensor) => Tensor, at: Tensor, want: number[]]>> = {
    "√ below 0": [(v) => chosen(less(v, 0), v, sqrt(v)), x(-1, 4), [1, 0.25]],
    "√ at 0": [(v) => chosen(less(v, 1), v, sqrt(v)), x(0, 4), [1, 0.25]],
    "log at 0 and below": [(v) => chosen(less(v, 1), v, log(v)), x(0, -1, 2), [1, 1, 0.5]],
    "1/x at 0": [(v) => chosen(less(v, 1), v, div(1, v)), x(0, 2), [1, -0.25]],
    "x/y at 0/0": [(v) => chosen(less(v, 1), v, div(v, v)), x(0, 2), [1, 0]],
    "exp that overflows": [(v) => chosen(less(v, 9), exp(v), v), x(0, 1e5), [1, 1]],
    "x log x at 0": [(v) => chosen(less(0, v), mul(v, log(v)), 0), x(0, 1), [0, 1]],
    "a mask of 0 and 1": [(v) => sum(mul(select(less(v, 1), 0, log(v)), 2)), x(0, 2), [0, 1]],
  };
  for (const backend of ["reference", "wasm", "cpu"] as const)
    test.each(Object.entries(cases))(`on ${backend}: %s`, async (_, [f, at, want]) => {
      await using engine = await createEngine({ backend });
      const got = await engine.run(() => grad(f)(at));
      for (const [i, g] of want.entries()) expect(got.data[i]).toBeCloseTo(g, 5);
    });

  test("and a cotangent that happens to be 0 still has a derivative", async () => {
    await using engine = await createEngine({ backend: "reference" });
    // f = (xy)²/2: at x = 0 its cotangent for xy is 0, and ∂²f/∂x² is y².
    const f = (v: Tensor): Tensor => {
      const product = mul(v, tensor([3]));
      return sum(mul(mul(product, product), 0.5));
    };
    const second = await engine.run(() => grad((v: Tensor) => sum(grad(f)(v)))(tensor([0])));
    expect([...second.data]).toEqual([9]);
  });
});

test.each(["reference", "wasm", "cpu"] as const)(
  "two that tie for maximum or minimum share the gradient, else it is the winner's (%s)",
  async (backend) => {
    await using engine = await createEngine({ backend });
    for (const of of [maximum, minimum]) {
      const both = grad(({ a, b }: { a: Tensor; b: Tensor }) => sum(mul(of(a, b), 8)));
      const [a, b] = [tensor([1, 2, 0, -3]), tensor([2, 1, -0, -3])];
      const gradient = await engine.run(() => both({ a, b }));
      const wins = of === maximum ? [0, 8, 4, 4] : [8, 0, 4, 4];
      expect([...gradient.a.data]).toEqual(wins);
      expect([...gradient.b.data]).toEqual(wins.map((x) => 8 - x));
    }
  },
);

test.each(["reference", "wasm", "cpu"] as const)(
  "the gradient of a maximum: its ties share, infinities win, NaN is NaN (%s)",
  async (backend) => {
    await using engine = await createEngine({ backend });
    const gradient = (...values: number[]) =>
      engine.run(() => grad((v: Tensor) => sum(max(v, { axis: 0 })))(tensor(values)));
    expect([...(await gradient(2, 3, 3)).data]).toEqual([0, 0.5, 0.5]);
    expect([...(await gradient(1, Infinity, 3)).data]).toEqual([0, 1, 0]);
    expect([...(await gradient(-Infinity, -Infinity)).data]).toEqual([0.5, 0.5]);
    expect([...(await gradient(1, NaN, 3)).data]).toEqual([NaN, NaN, NaN]);
  },
);
