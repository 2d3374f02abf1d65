import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { tensor } from "../../src/tensor/apply.ts";
import * as ops from "../../src/tensor/composed/index.ts";
import { grad } from "../../src/tensor/grad.ts";
import { at } from "../../src/tensor/shapes.ts";
import type { FloatTensor } from "../../src/tensor/tensor.ts";

type Of = (x: FloatTensor) => FloatTensor;

/** What a function is at its edges: at x its value, slope and second slope, each x on its own. */
type Row = readonly [x: number, value: number, slope: number, second: number];

const bell = (x: number): readonly [slope: number, second: number] => {
  const slope = (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x);
  return [slope, -2 * x * slope];
};

const rows: Readonly<Record<string, readonly [of: Of, ...rows: readonly Row[]]>> = {
  // Where float32 says ±1 the bell is not 0 yet, nor half of what it is.
  erf: [ops.erf, [4.5, 1, ...bell(4.5)], [-5, -1, ...bell(-5)], [7, 1, 0, 0]],
  "pow 0.3": [(x) => ops.pow(x, 0.3), [0, 0, Infinity, -Infinity], [1, 1, 0.3, -0.21]],
  "pow 0.5": [(x) => ops.pow(x, 0.5), [0, 0, Infinity, -Infinity], [1, 1, 0.5, -0.25]],
  "pow 1.5": [(x) => ops.pow(x, 1.5), [0, 0, 0, Infinity], [1, 1, 1.5, 0.75]],
  "pow 2.5": [(x) => ops.pow(x, 2.5), [0, 0, 0, 0], [1, 1, 2.5, 3.75]],
  "pow -1.5": [(x) => ops.pow(x, -1.5), [0, Infinity, -Infinity, Infinity], [1, 1, -1.5, 3.75]],
  "pow -2": [
    (x) => ops.pow(x, -2),
    ...([
      [0, Infinity, -Infinity, Infinity],
      [-2, 0.25, 0.25, 0.375],
      [Infinity, 0, 0, 0],
    ] as const),
  ],
  "pow of a tensor 0": [(x) => ops.pow(x, ops.mul(x, 0)), [0, 1, 0, 0], [3, 1, 0, 0]],
  "pow of a tensor 0.5": [(x) => ops.pow(x, tensor([0.5])), [0, 0, Infinity, -Infinity]],
  "pow of a tensor 1": [(x) => ops.pow(x, tensor([1])), [0, 0, 1, 0], [2, 2, 1, 0]],
  "pow of a tensor 2": [(x) => ops.pow(x, tensor([2])), [0, 0, 0, 2], [3, 9, 6, 2]],
  "0 to the": [(y) => ops.pow(tensor([0]), y), [2, 0, 0, 0], [0.5, 0, 0, 0]],
  "std of what is constant": [(x) => ops.std(ops.concat([x, x])), [2, 0, 0, 0]],
  "std of one": [(x) => ops.std(x), [2, 0, 0, 0]],
};

const derivative =
  (f: Of): Of =>
  (x) =>
    grad((y: FloatTensor) => ops.sum(f(y)))(x);

describe.each(["reference", "wasm"] as const)("at its edges, on %s,", (backend) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ backend, threads: 1 });
  });
  afterAll(() => engine?.close());

  test("each has its value and two slopes", async () => {
    const all = Object.entries(rows).flatMap(([name, [of, ...known]]) =>
      known.map(([x, ...want]) => ({ name: `${name} at ${x}`, of, x: tensor([x]), want })),
    );
    const got = await engine.run(() =>
      all.map(({ of, x }) => [of(x), derivative(of)(x), derivative(derivative(of))(x)]),
    );
    for (const [i, { name, want }] of all.entries())
      for (const [k, y] of want.entries()) {
        const z = Number(at(at(got, i), k).data[0]);
        const isNear = Number.isFinite(y) ? Math.abs(z - y) <= 1e-3 * Math.abs(y) : z === y;
        if (!isNear) expect.fail(`${name}, derivative ${k}: ${z}, expected ${y}`);
      }
  });

  test("topK of rows with −∞ takes each element once, the first first", async () => {
    const x = [
      [1, -Infinity, 3, -Infinity],
      [-Infinity, -Infinity, -Infinity, -Infinity],
    ];
    const { values, indices } = await engine.run(() => ops.topK(tensor(x), 4));
    expect([...indices.data]).toEqual([2, 0, 1, 3, 0, 1, 2, 3]);
    const row = (i: number): readonly number[] => at(x, Math.floor(i / 4));
    expect([...values.data]).toEqual([...indices.data].map((j, i) => at(row(i), j)));
  });
});

test("a correction that leaves nothing of the count makes no variance below 0", async () => {
  await using engine = await createEngine({ backend: "reference" });
  const variance = (correction: number) =>
    engine.run(() => ops.variance(tensor([1, 2]), { correction }));
  expect((await variance(1)).data[0]).toBe(0.5);
  for (const correction of [2, 3]) expect((await variance(correction)).data[0]).toBe(Infinity);
});

test("what changes nothing is checked all the same", () => {
  const x = tensor([1, 2]);
  expect(() => ops.pad(x, [0, 0], [0])).toThrow(/pad: expected zeros for each axis/);
  expect(() => ops.concat([x], 1)).toThrow(/concat: expected an axis of a rank 1 tensor, got 1/);
  expect(() => ops.concat([tensor(1)])).toThrow(RangeError);
});
