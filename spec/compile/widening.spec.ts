import { describe, expect, test } from "vitest";
import { buildPlan } from "../../src/compile/build.ts";
import { showPlan } from "../../src/compile/show.ts";
import type { Widening } from "../../src/compile/widening.ts";
import { ids, tensor } from "../../src/tensor/apply.ts";
import { vjp } from "../../src/tensor/grad.ts";
import * as ops from "../../src/tensor/ops.ts";
import { checkpoint } from "../../src/tensor/recompute.ts";
import { type DType, Tensor } from "../../src/tensor/tensor.ts";

const placeholder = (index: number, shape: readonly number[], dtype: DType = "float"): Tensor =>
  new Tensor("placeholder", shape, dtype, [], { index });

const w = placeholder(0, [64, 32], "bf16");
const x = placeholder(1, [3, 32]);
const q = placeholder(2, [64, 32], "q8_0");
const wide = ops.cast(w, "float");

const all: Widening = { gather: true, matmul: true };
const planOf = (outputs: readonly Tensor[], widening: Widening = all): string =>
  showPlan(buildPlan(outputs, [w, x, q], { widening }));
const stepsOf = (outputs: readonly Tensor[], widening: Widening = all): string[] =>
  planOf(outputs, widening).split("\n").slice(0, -1);

describe("a plan for kernels that widen", () => {
  test("multiplies by stored numbers, transposed or not", () => {
    expect(planOf([ops.matmul(x, ops.transpose(wide))])).toMatchInlineSnapshot(`
      "y3 [3, 64] = matmul(x1 [3, 32], x0 bf16 [64, 32]) transposeA=false transposeB=true
      return y3 [3, 64]"
    `);
    expect(
      planOf([ops.matmul(tensor([[1, 2]]), ops.reshape(wide, [2, 1024]))]),
    ).toMatchInlineSnapshot(`
      "y4 [1, 1024] = matmul(c3 [1, 2], x0 bf16 [2, 1024]) transposeA=false transposeB=false
      return y4 [1, 1024]"
    `);
  });

  test("multiplies codes by codes where both operands are in blocks, in rows, and kernels can", () => {
    const rounded = ops.cast(ops.cast(x, "q8_0"), "float");
    const product = ops.matmul(rounded, ops.transpose(ops.cast(q, "float")));
    expect(planOf([product], { ...all, blocks: true })).toMatchInlineSnapshot(`
      "t3 q8_0 [3, 32] = cast(x1 [3, 32]) from="float" to="q8_0"
      y4 [3, 64] = matmul(t3 q8_0 [3, 32], x2 q8_0 [64, 32]) transposeA=false transposeB=true frees t3
      return y4 [3, 64]"
    `);
    const casts = (y: Tensor, widening: Widening): number =>
      stepsOf([y], widening).filter((step) => step.includes("cast")).length;
    expect(casts(product, { ...all, blocks: true })).toBe(1);
    expect(casts(product, all)).toBe(2);
    const mixed = ops.matmul(rounded, ops.transpose(wide));
    expect(casts(mixed, { ...all, blocks: true })).toBe(2);
  });

  test("gathers rows of stored numbers", () => {
    expect(planOf([ops.gather(ops.cast(q, "float"), ids([1, 2]))])).toMatchInlineSnapshot(`
      "y4 [2, 32] = gather(x2 q8_0 [64, 32], c3 [2])
      return y4 [2, 32]"
    `);
  });

  test("has no wide copy for the cotangent of the left operand", () => {
    const [, pullback] = vjp((y: Tensor) => ops.matmul(y, ops.transpose(wide)), x);
    const cotangent = tensor(new Float32Array(192), [3, 64]);
    expect(planOf(pullback(cotangent))).toMatchInlineSnapshot(`
      "y4 [3, 32] = matmul(c3 [3, 64], x0 bf16 [64, 32]) transposeA=false transposeB=false
      return y4 [3, 32]"
    `);
  });

  test("has none where a checkpoint computes it again", () => {
    const f = checkpoint((y: Tensor, v: Tensor) =>
      ops.exp(ops.matmul(ops.exp(y), ops.transpose(ops.cast(v, "float")))),
    );
    const [y, pullback] = vjp((z: Tensor) => f(z, w), x);
    const steps = stepsOf([y, ...pullback(tensor(new Float32Array(192).fill(1), [3, 64]))]);
    expect(steps.filter((step) => step.includes("cast"))).toEqual([]);
    expect(steps.filter((step) => step.includes("matmul")).length).toBe(3);
  });
});

describe("a plan widens before", () => {
  test("what no kernel widens, once for each that reads it", () => {
    const once = ops.mul(wide, 2);
    expect(stepsOf([once, ops.matmul(x, ops.transpose(wide))], {})).toMatchInlineSnapshot(`
      [
        "t4 [64, 32] = broadcast(c3 [1, 1]) shape=[64,32]",
        "t5 [64, 32] = cast(x0 bf16 [64, 32]) from="bf16" to="float"",
        "y6 [64, 32] = mul(t5 [64, 32], t4 [64, 32]) frees t4 t5",
        "t7 [64, 32] = cast(x0 bf16 [64, 32]) from="bf16" to="float"",
        "t8 [32, 64] = transpose(t7 [64, 32]) permutation=[1,0] frees t7",
        "y9 [3, 64] = matmul(x1 [3, 32], t8 [32, 64]) transposeA=false transposeB=false frees t8",
      ]
    `);
  });

  test("a table that was transposed, and blocks that a reshape cuts", () => {
    const rows = ops.gather(ops.transpose(wide), ids([1]));
    const cut = ops.matmul(
      tensor([[1, 2]]),
      ops.transpose(ops.reshape(ops.cast(q, "float"), [1024, 2])),
    );
    for (const y of [rows, cut]) expect(stepsOf([y]).join()).toContain("cast");
  });

  test("a left operand", () => {
    expect(stepsOf([ops.matmul(wide, ops.transpose(x))]).join()).toContain("cast");
  });

  test("equal expressions once", () => {
    const twice = [1, 2].map(() => ops.exp(ops.cast(w, "float")));
    expect(stepsOf([ops.add(...(twice as [Tensor, Tensor]))], {})).toHaveLength(3);
  });
});
