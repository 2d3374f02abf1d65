import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPlan } from "../../src/compile/build.ts";
import { planStats } from "../../src/compile/statistics.ts";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { full, tensor } from "../../src/tensor/apply.ts";
import { grad, valueAndGrad } from "../../src/tensor/grad.ts";
import * as ops from "../../src/tensor/ops.ts";
import * as random from "../../src/tensor/random.ts";
import { checkpoint } from "../../src/tensor/recompute.ts";
import { type Shape, Tensor } from "../../src/tensor/tensor.ts";

type Layer = { readonly up: Tensor; readonly down: Tensor };
type Block = (layer: Layer, h: Tensor) => Tensor;

const plain: Block = ({ up, down }, h) =>
  ops.add(h, ops.matmul(ops.gelu(ops.matmul(ops.tanh(h), up)), down));

const network = (block: Block, x: Tensor) => (layers: readonly Layer[]) =>
  ops.mean(ops.square(layers.reduce((h, layer) => block(layer, h), x)));

function drawn(seed: number, layers: number, [rows, width]: readonly [number, number]) {
  const matrix = (i: number, shape: Shape) => random.normal(random.key(100 * seed + i), shape);
  const weights = Array.from({ length: layers }, (_, i) => ({
    up: matrix(2 * i + 1, [width, 2 * width]),
    down: matrix(2 * i + 2, [2 * width, width]),
  }));
  return { weights, x: matrix(0, [rows, width]) };
}

for (const backend of ["reference", "wasm"] as const)
  describe(`checkpoint(f) (${backend})`, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await createEngine({ backend });
    });
    afterAll(() => engine.close());

    const size = fc.integer({ min: 1, max: 5 });
    const net = fc.record({ seed: fc.nat(999), layers: size, rows: size, width: size });

    test("has f's value and gradient, bit for bit, nested too", () =>
      fc.assert(
        fc.asyncProperty(net, async ({ seed, layers, rows, width }) => {
          const { weights, x } = drawn(seed, layers, [rows, width]);
          const inner: Block = (layer, h) =>
            plain(layer, checkpoint((y: Tensor) => ops.tanh(y))(h));
          const nested = checkpoint<[Layer, Tensor], Tensor>(inner);
          const outer: Block = (layer, h) => plain(layer, ops.tanh(h));
          const result = await engine.run(() => [
            [
              valueAndGrad(network(plain, x))(weights),
              valueAndGrad(network(checkpoint(plain), x))(weights),
            ],
            [valueAndGrad(network(outer, x))(weights), valueAndGrad(network(nested, x))(weights)],
          ]);
          for (const [want, got] of result) expect(got).toEqual(want);
        }),
        { numRuns: 20 },
      ));

    test("differentiates what f uses without taking it as an argument", async () => {
      const [w, x] = [tensor([[0.3, -0.7]]), tensor([[1], [2]])];
      const loss =
        (through: (f: (h: Tensor) => Tensor) => (h: Tensor) => Tensor) => (v: Tensor) => {
          const scaled = ops.mul(v, 3);
          return ops.sum(ops.exp(through((h) => ops.tanh(ops.matmul(h, scaled)))(x)));
        };
      const [want, got] = await engine.run(() => [
        grad(loss((f) => f))(w),
        grad(loss(checkpoint))(w),
      ]);
      expect(got).toEqual(want);
    });

    test("differentiates what does not depend on its arguments at all", async () => {
      const w = tensor([0.3, -0.7]);
      const loss = (through: typeof checkpoint) => (v: Tensor) =>
        ops.sum(through((_: Tensor) => ops.square(v))(tensor([1])));
      const plainly = (f: unknown) => f as never;
      const [want, got] = await engine.run(() => [
        grad(loss(plainly))(w),
        grad(loss(checkpoint))(w),
      ]);
      expect(got).toEqual(want);
    });

    test("passes trees, ids and plain values, and has second derivatives", async () => {
      const f = (p: { w: Tensor }, power: number, x: Tensor) => {
        const y = ops.tanh(ops.mul(p.w, x));
        return { squares: ops.mul(y, y), sum: ops.mul(ops.sum(y), power), power };
      };
      const loss = (g: typeof f) => (x: Tensor) => {
        const { squares, sum, power } = g({ w: tensor([0.5, -1]) }, 3, x);
        return ops.mul(ops.add(ops.sum(squares), sum), power);
      };
      const second = (g: typeof f) => grad((x: Tensor) => ops.sum(grad(loss(g))(x)));
      const x = tensor([0.2, 0.9]);
      const read = await engine.run(() => [second(f)(x), second(checkpoint(f))(x)]);
      const [want, got] = read.map(({ data }) => [...data]) as [number[], number[]];
      got.forEach((value, i) => {
        expect(value).toBeCloseTo(want[i] as number, 4);
      });
    });
  });

describe("checkpoint(f)", () => {
  const LAYERS = 12;
  const [rows, width] = [64, 32];
  const argument = (index: number, shape: Shape) =>
    new Tensor("placeholder", shape, "float", [], { index });
  const layers = Array.from({ length: LAYERS }, (_, i) => ({
    up: argument(2 * i, [width, 2 * width]),
    down: argument(2 * i + 1, [2 * width, width]),
  }));
  const inputs = layers.flatMap(({ up, down }) => [up, down]);
  const planOf = (block: Block) => {
    const [loss, gradient] = valueAndGrad(network(block, full([rows, width], 0.5)))(layers);
    const updated = layers.map((layer, i) => [
      ops.sub(layer.up, (gradient[i] as Layer).up),
      ops.sub(layer.down, (gradient[i] as Layer).down),
    ]);
    return buildPlan([loss, ...updated.flat()], inputs, { donated: inputs.map((_, i) => i) });
  };

  test("keeps one tensor a layer instead of all that a layer makes", () => {
    const weights =
      4 * inputs.reduce((sum, { shape }) => sum + (shape[0] as number) * (shape[1] as number), 0);
    const kept = (block: Block) => planStats(planOf(block)).peakBytes - weights;
    const hidden = 4 * rows * width;
    expect(kept(plain)).toBeGreaterThan(5 * LAYERS * hidden); // tanh, up and gelu: 1 + 2 + 2
    expect(kept(checkpoint(plain))).toBeLessThan((LAYERS + 16) * hidden);
  });

  test("computes a layer's inside once more, and only for a gradient", () => {
    const products = (block: Block) =>
      planOf(block).steps.filter(({ op }) => op === "matmul").length;
    // Six a layer: two forward, four backward; the first tanh asks for no gradient of its input. The
    // last product of a layer is not needed again.
    expect(products(checkpoint(plain))).toBe(products(plain) + LAYERS);
    const x = argument(0, [rows, width]);
    const forward = (block: Block) => {
      const layer = { up: full([width, 2 * width], 0.1), down: full([2 * width, width], 0.2) };
      return buildPlan([block(layer, x)], [x]).steps;
    };
    expect(forward(checkpoint(plain))).toEqual(forward(plain));
  });
});
