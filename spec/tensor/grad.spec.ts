import { describe, expect, test } from "vitest";
import { tensor } from "../../src/tensor/apply.ts";
import { grad, valueAndGrad, vjp } from "../../src/tensor/grad.ts";
import * as ops from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { testEngine } from "../testEngine.ts";

const engine = await testEngine();

const evaluate = async (x: Tensor): Promise<number[]> => [...(await engine.run(() => x)).data];

describe("grad(f)(x)", () => {
  test("differentiates a polynomial", async () => {
    const f = (x: Tensor) => ops.add(ops.mul(ops.mul(x, x), x), ops.mul(x, 2));
    expect(await evaluate(grad(f)(tensor(3)))).toEqual([29]);
  });

  test("of a gradient is the second derivative", async () => {
    const f = (x: Tensor) => ops.mul(ops.mul(x, x), x);
    expect(await evaluate(grad(grad(f))(tensor(3)))).toEqual([18]);
    expect(await evaluate(grad(grad(grad(f)))(tensor(3)))).toEqual([6]);
  });

  test("does not confuse the perturbations of nested derivatives", async () => {
    // d/dx x · (d/dy (x + y)) = 1; a system that mixes the two up says 2.
    const f = (x: Tensor) => ops.mul(x, grad((y: Tensor) => ops.add(x, y))(tensor(1)));
    expect(await evaluate(grad(f)(tensor(1)))).toEqual([1]);
    const g = (x: Tensor) => ops.mul(x, grad((y: Tensor) => ops.mul(x, y))(tensor(2)));
    expect(await evaluate(grad(g)(tensor(3)))).toEqual([6]);
    const h = (x: Tensor) => ops.mul(x, grad((y: Tensor) => ops.mul(x, y))(x));
    expect(await evaluate(grad(h)(tensor(3)))).toEqual([6]);
  });

  test("of an unused argument is zero, and keeps the tree's structure", async () => {
    const f = ({ a }: { a: Tensor; b: readonly Tensor[] }) => ops.sum(ops.square(a));
    const g = await engine.run(() =>
      grad(f)({ a: tensor([1, 2]), b: [tensor([[5, 6, 7]]) as Tensor] }),
    );
    expect([...g.a.data]).toEqual([2, 4]);
    expect(g.b[0]?.shape).toEqual([1, 3]);
    expect([...((g.b[0] as { data: ArrayLike<number> }).data as number[])]).toEqual([0, 0, 0]);
  });

  test("of a sum is the sum of the gradients", async () => {
    const f = (x: Tensor) => ops.sum(ops.exp(x));
    const g = (x: Tensor) => ops.sum(ops.tanh(x));
    const x = tensor([0.3, -2]);
    const whole = await evaluate(grad((y: Tensor) => ops.add(f(y), g(y)))(x));
    const parts = await evaluate(ops.add(grad(f)(x), grad(g)(x)));
    expect(whole).toEqual(parts);
  });

  test("stops at stopGradient", async () => {
    const f = (x: Tensor) => ops.mul(x, ops.stopGradient(x));
    expect(await evaluate(grad(f)(tensor(3)))).toEqual([3]);
  });

  test("walks chains of 10,000 operations without overflowing the stack", async () => {
    const f = (x: Tensor) => {
      let y = x;
      for (let i = 0; i < 10_000; i++) y = ops.add(y, 1);
      return ops.mul(y, y);
    };
    expect(await evaluate(grad(f)(tensor(1)))).toEqual([2 * 10_001]);
  });

  test("refuses what it cannot differentiate, naming it", () => {
    expect(() => grad((x: Tensor) => x)(tensor([1, 2]))).toThrow(
      "grad: expected a function with a scalar result, got [2]",
    );
    const ids = tensor(Int32Array.of(1, 2));
    expect(() => grad(({ t }: { t: Tensor }) => ops.sum(ops.toFloat(t)))({ t: ids })).toThrow(
      "grad: expected float tensors, got something else at t",
    );
  });
});

describe("valueAndGrad(f)(x)", () => {
  test("is the design's example", async () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    const f = (w: Tensor) => ops.mean(ops.square(ops.matmul(x, w)));
    const [value, dw] = await engine.run(() => valueAndGrad(f)(tensor([[1], [1]])));
    expect(value.data[0]).toBeCloseTo((9 + 49) / 2, 12);
    expect(dw.shape).toEqual([2, 1]);
    expect([...dw.data]).toEqual([3 + 21, 6 + 28]);
  });
});

describe("vjp(f, …xs)", () => {
  test("pulls a cotangent of any shape back to every argument", async () => {
    const a = tensor([
      [1, 2],
      [3, 4],
    ]);
    const b = tensor([[5], [6]]);
    const [y, pullback] = vjp((u: Tensor, v: Tensor) => ops.matmul(u, v), a as Tensor, b as Tensor);
    expect(y.shape).toEqual([2, 1]);
    const [da, db] = await engine.run(() => pullback(tensor([[1], [10]])));
    expect([...da.data]).toEqual([5, 6, 50, 60]);
    expect([...db.data]).toEqual([31, 42]);
    expect(() => pullback(tensor([1, 2]))).toThrow(
      "vjp: expected a cotangent of shape [2, 1], got [2]",
    );
  });
});
