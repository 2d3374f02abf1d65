import { describe, expect, test } from "vitest";
import { adamw, applyUpdates } from "../../src/optim/index.ts";
import { ids, stored, tensor } from "../../src/tensor/apply.ts";
import { valueAndGrad } from "../../src/tensor/grad.ts";
import * as ops from "../../src/tensor/ops.ts";
import type { IntTensor, Tensor } from "../../src/tensor/tensor.ts";
import * as tree from "../../src/tensor/tree.ts";
import { testEngine } from "../testEngine.ts";

// Half of this is for the compiler: each annotation is what it must find out by itself.

type Floats = Float32Array | Float64Array;

interface Inner {
  c: Tensor;
}
interface Params {
  w: Tensor;
  b: Inner;
}

const engine = await testEngine();

const params: Params = { w: tensor([1, 2]), b: { c: tensor([3]) } };

describe("types", () => {
  test("a step of interfaces is a tuple of what its function returns", async () => {
    const optimizer = adamw({ learningRate: 1, weightDecay: 0 });
    const start = optimizer.init(params);
    const step = engine.compile((p: Params, state: typeof start, x: Tensor) => {
      const [loss, grads] = valueAndGrad((q: Params) => ops.sum(ops.mul(q.w, x)))(p);
      const [updates, next] = optimizer.update(grads, state, p);
      return [loss, applyUpdates(p, updates), next];
    });
    const [loss, moved, state] = await step(params, start, tensor([1, 1]));
    const [value]: Floats = await engine.read(loss);
    const { w, b }: Params = moved;
    const again: typeof start = state;
    expect(value).toBe(3);
    expect((await engine.read({ w, b })).b.c).toEqual(Float64Array.of(3));
    expect([...(await engine.read(again.step))]).toEqual([1]);
  });

  test("numbers that are read have the arrays of their dtypes", async () => {
    const given = { x: tensor([1]), ids: ids([2]), codes: stored("bf16", Uint16Array.of(3), [1]) };
    const read = await engine.read(given);
    const [x, indices, codes]: [Floats, Int32Array, Uint16Array] = [read.x, read.ids, read.codes];
    expect([x[0], indices[0], codes[0]]).toEqual([1, 2, 3]);
    const [largest, sums] = await engine.run(() => [ops.argmax(tensor([1, 3])), ops.sum(given.x)]);
    const [where, total]: [Int32Array, Floats] = [largest.data, sums.data];
    expect([where[0], total[0]]).toEqual([1, 1]);
    const unknown: Tensor = given.x;
    const any: Floats | Int32Array | Uint16Array | Uint8Array = await engine.read(unknown);
    expect(any.length).toBe(1);
  });

  test("a tensor of an unknown dtype goes for one of any; ids do not go for numbers", () => {
    const layer = (x: Tensor): Tensor => x;
    let h = ops.add(1, 2);
    h = layer(h);
    const rows: IntTensor = ops.reshape(ids([1]), [1, 1]);
    expect(rows.shape).toEqual([1, 1]);
    // @ts-expect-error ids are no numbers to compute with
    expect(() => ops.add(rows, h)).toThrow(/add: expected input 0 to be float, got int/);
    // @ts-expect-error and no losses
    expect(() => ops.sum(rows)).toThrow(/sum: expected input 0 to be float, got int/);
  });

  test("trees are mapped and listed by interfaces too", () => {
    const doubled: Params = tree.map((x: Tensor) => ops.mul(x, 2), params);
    expect(tree.entries(doubled).map(([path]) => path)).toEqual(["w", "b.c"]);
  });
});

describe("a tensor is no number", () => {
  const x = tensor([[1, 2]]);
  const [one, plain]: [number, unknown] = [1, x];
  test.each([
    ["a sum", () => one + (plain as number), "constant [1, 2]; use ops.add"],
    ["a product", () => one * (plain as number), "constant [1, 2]; use ops.add"],
    ["a comparison", () => one < (plain as number), "constant [1, 2]; use ops.add"],
    ["a number", () => Number(plain), "constant [1, 2]; use ops.add"],
    ["Math", () => Math.exp(plain as number), "constant [1, 2]; use ops.add"],
    ["a text", () => `${x}`, "constant [1, 2]; read them first"],
    ["a key", () => ({ [String(x)]: 1 }), "constant [1, 2]; read them first"],
  ])("nor %s of it", (_, use, message) => {
    expect(use).toThrow(TypeError);
    expect(use).toThrow(message);
  });
});
