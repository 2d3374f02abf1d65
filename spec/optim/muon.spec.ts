import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import { adamw, applyUpdates, muon, type Optimizer } from "../../src/optim/index.ts";
import { full, tensor } from "../../src/tensor/apply.ts";
import { at } from "../../src/tensor/shapes.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { flatten } from "../../src/tensor/tree.ts";
import { testEngine } from "../testEngine.ts";

const engine = await testEngine();

type Matrix = readonly (readonly number[])[];
type Params = { readonly hidden: Tensor; readonly bias: Tensor; readonly embed: Tensor };

const number = fc.double({ min: -2, max: 2, noNaN: true });
const matrixOf = (rows: number, columns: number): fc.Arbitrary<Matrix> =>
  fc.array(fc.array(number, { minLength: columns, maxLength: columns }), {
    ...{ minLength: rows, maxLength: rows },
  });
const cases = fc
  .record({ rows: fc.integer({ min: 1, max: 4 }), columns: fc.integer({ min: 1, max: 4 }) })
  .chain(({ rows, columns }) =>
    fc.record({
      start: matrixOf(rows, columns),
      gradients: fc.array(matrixOf(rows, columns), { minLength: 1, maxLength: 4 }),
      momentum: fc.constantFrom(0, 0.5, 0.95),
      nesterov: fc.boolean(),
      weightDecay: fc.constantFrom(0, 0.1),
    }),
  );

// What follows is written for arrays, in float64, after the equations of the post.
const times = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => at(b, 0).map((_, j) => row.reduce((sum, x, k) => sum + x * at(at(b, k), j), 0)));
const turned = (a: Matrix): Matrix => at(a, 0).map((_, j) => a.map((row) => at(row, j)));
const mixed = (a: Matrix, x: number, b: Matrix, y: number): Matrix =>
  a.map((row, i) => row.map((value, j) => x * value + y * at(at(b, i), j)));
const norm = (a: Matrix): number => Math.hypot(...a.flat());

function zeropower(gradient: Matrix): Matrix {
  const isTall = gradient.length > at(gradient, 0).length;
  let x = isTall ? turned(gradient) : gradient;
  x = mixed(x, 1 / (norm(x) + 1e-7), x, 0);
  for (let n = 0; n < 5; n++) {
    const a = times(x, turned(x));
    x = mixed(x, 3.4445, times(mixed(a, -4.775, times(a, a), 2.0315), x), 1);
  }
  return isTall ? turned(x) : x;
}

const others = { bias: [0.5, -1], embed: [[1], [2]] };
const paramsOf = (hidden: Matrix, scale = 1): Params => ({
  hidden: tensor(hidden),
  bias: tensor(others.bias.map((x) => x * scale)),
  embed: tensor(others.embed.map((row) => row.map((x) => x * scale))),
});

async function trained<S>(
  optimizer: Optimizer<S>,
  start: Matrix,
  gradients: readonly Matrix[],
): Promise<readonly (readonly number[])[]> {
  const end = await engine.run(() => {
    let params = paramsOf(start);
    let state = optimizer.init(params);
    for (const [step, gradient] of gradients.entries()) {
      const [updates, next] = optimizer.update(paramsOf(gradient, step - 1.5), state, params);
      [params, state] = [applyUpdates(params, updates), next];
    }
    return params;
  });
  return flatten<Tensor>(end).leaves.map(({ data }) => [...data]);
}

describe("muon", () => {
  test("does what its equations say to matrices, and trains the rest as adamw does", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ start, gradients, momentum, nesterov, weightDecay }) => {
        const rate = 0.1;
        const common = { learningRate: rate, weightDecay };
        const got = await trained(muon({ ...common, momentum, nesterov }), start, gradients);
        let [p, m] = [start, mixed(start, 0, start, 0)];
        for (const g of gradients) {
          m = mixed(m, momentum, g, 1 - momentum);
          const direction = zeropower(nesterov ? mixed(m, momentum, g, 1 - momentum) : m);
          const size = 0.2 * Math.sqrt(Math.max(p.length, at(p, 0).length));
          p = mixed(p, 1 - rate * weightDecay, direction, -rate * size);
        }
        const [hidden = [], ...rest] = got;
        for (const [i, x] of p.flat().entries())
          expect(Math.abs(at(hidden, i) - x)).toBeLessThan(1e-9 * (1 + Math.abs(x)));
        const [, ...plain] = await trained(adamw(common), start, gradients);
        expect(rest).toEqual(plain);
      }),
      { numRuns: 40 },
    );
  });

  test("moves a matrix along all its directions alike", async () => {
    const start = [
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ];
    // Singular values 3, 1 and 0.1, in turned axes.
    const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
    const turn = [
      [c, -s, 0],
      [s, c, 0],
      [0, 0, 1],
    ];
    const gradient = times(
      times(turn, [
        [3, 0, 0],
        [0, 1, 0],
        [0, 0, 0.1],
      ]),
      turned(turn),
    );
    const options = { learningRate: 1, weightDecay: 0 };
    const [flat = []] = await trained(muon(options), start, [gradient]);
    const moved = [0, 3, 6].map((i) => flat.slice(i, i + 3).map((x) => x / (-0.2 * Math.sqrt(3))));
    const along = times(times(turned(turn), moved), turn);
    for (let i = 0; i < 3; i++) {
      expect(at(at(along, i), i)).toBeGreaterThan(0.6);
      expect(at(at(along, i), i)).toBeLessThan(1.3);
    }
  });

  test("turns those alone that are taller than wide", async () => {
    const opsOf = async (rows: number, columns: number): Promise<number> => {
      const { init, update } = muon({ learningRate: 1 });
      const step = engine.compile((p: { readonly w: Tensor }) => update(p, init(p), p)[0]);
      await step({ w: full([rows, columns], 0.5) });
      return step.stats().ops;
    };
    const [wide, square, tall] = [await opsOf(2, 3), await opsOf(3, 3), await opsOf(3, 2)];
    expect(square).toBe(wide);
    expect(tall).toBeGreaterThan(wide);
  });

  test("trains as matrices what it is told to", async () => {
    const start = [
      [1, 2],
      [3, 4],
    ];
    const common = { learningRate: 0.1 };
    const none = await trained(muon({ ...common, matrices: () => false }), start, [start]);
    expect(none).toEqual(await trained(adamw(common), start, [start]));
    const all = await trained(muon({ ...common, matrices: () => true }), start, [start]);
    expect(all[2]).not.toEqual(none[2]);
  });

  test("turns matrices whose squares leave float32, as those that are smaller", async () => {
    await using wasm = await createEngine({ backend: "wasm", threads: 1 });
    const turned = (size: number) =>
      wasm.run(() => {
        const optimizer = muon({ learningRate: 1, weightDecay: 0 });
        const params = { hidden: tensor([[0, 0]]) };
        const grads = { hidden: tensor([[3 * size, 4 * size]]) };
        return optimizer.update(grads, optimizer.init(params), params)[0].hidden;
      });
    const [usual, large] = [await turned(1), await turned(1e30)];
    for (const [i, x] of usual.data.entries()) {
      expect(Math.abs(x)).toBeGreaterThan(0.05);
      expect(large.data[i]).toBeCloseTo(x, 5);
    }
  });

  test("keeps parameters apart whatever they are called", async () => {
    const matrix = tensor([[1, 2]]);
    const named = Object.fromEntries([
      ["__proto__", matrix],
      ["1", matrix],
      ["constructor", matrix],
    ]);
    const [updates, state] = await engine.run(() => {
      const optimizer = muon({ learningRate: 1 });
      return optimizer.update(named, optimizer.init(named), named);
    });
    expect(Object.keys(updates)).toEqual(Object.keys(named));
    expect(Object.keys(state.momentum)).toEqual(Object.keys(named));
    expect(() => muon({ learningRate: 1 }).init({ "a.b": matrix, a: { b: matrix } })).toThrow(
      "muon: expected parameters of different paths, got a.b twice",
    );
  });

  test.each([
    [{ momentum: 1 }, "muon: expected 0 ≤ momentum < 1, got 1"],
    [
      { nesterov: "no" as unknown as boolean },
      "muon: expected nesterov to be true or false, got no",
    ],
    [{ weightDecay: -1 }, "muon: expected weightDecay ≥ 0, got -1"],
    [{ b1: 1 }, "adamw: expected 0 ≤ b1 < 1, got 1"],
  ])("refuses %o", (options, message) => {
    expect(() => muon({ learningRate: 1, ...options })).toThrow(message);
  });
});
