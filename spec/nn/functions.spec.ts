import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  biasedAttention,
  causalAttention,
  dropout,
  linear,
  rope,
  ropeTables,
} from "../../src/nn/index.ts";
import { full, tensor } from "../../src/tensor/apply.ts";
import { ShapeError } from "../../src/tensor/errors.ts";
import { key, normal, split } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { testEngine } from "../testEngine.ts";

const engine = await testEngine();

const evaluate = async (make: () => Tensor): Promise<number[]> => [
  ...(await engine.run(make)).data,
];

describe("linear(x, weight, bias)", () => {
  test("multiplies by the transposed weight and adds the bias", async () => {
    const [x, weight] = [
      tensor([[[1, 2]], [[3, 4]]]),
      tensor([
        [1, 0],
        [0, 1],
        [10, 100],
      ]),
    ];
    const y = await engine.run(() => linear(x, weight, tensor([0, 0.5, 0])));
    expect(y.shape).toEqual([2, 1, 3]);
    expect([...y.data]).toEqual([1, 2.5, 210, 3, 4.5, 430]);
  });

  test("refuses shapes that do not fit", () => {
    expect(() => linear(full([2, 3], 0), full([4, 2], 0))).toThrow(
      new ShapeError("linear", "[..., in] and [out, in]", [
        [2, 3],
        [4, 2],
      ]),
    );
    expect(() => linear(full([2, 3], 0), full([4, 3], 0), full([3], 0))).toThrow(
      new ShapeError("linear", "a bias [4]", [[3]]),
    );
  });
});

describe("rope(x, ropeTables(T, D, theta))", () => {
  test("turns pairs (d, d + D/2) by position · theta^(−2d/D)", async () => {
    const x = tensor([
      [1, 2, 3, 4],
      [1, 2, 3, 4],
    ]);
    const y = await evaluate(() => rope(x, ropeTables(2, 4, 100)));
    const turn = (a: number, b: number, angle: number) => [
      a * Math.cos(angle) - b * Math.sin(angle),
      b * Math.cos(angle) + a * Math.sin(angle),
    ];
    const [[a, c], [b, d]] = [turn(1, 3, 1), turn(2, 4, 0.1)] as [number[], number[]];
    expect(y).toEqual([1, 2, 3, 4, a, b, c, d]);
  });

  test("makes scores depend on the distance alone", async () => {
    const [q, k] = split(key(4)).map((each) => normal(each, [1, 6])) as [Tensor, Tensor];
    const turned = async (x: Tensor, position: number) => {
      const repeated = tensor(Array.from({ length: 9 }, () => [...x.data]));
      return (await evaluate(() => rope(repeated, ropeTables(9, 6)))).slice(
        6 * position,
        6 * position + 6,
      );
    };
    const score = async (m: number, n: number) => {
      const [a, b] = [await turned(q, m), await turned(k, n)];
      return a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
    };
    expect(await score(8, 5)).toBeCloseTo(await score(3, 0), 12);
  });

  test("needs an even number of channels", () => {
    expect(() => ropeTables(4, 3)).toThrow("ropeTables: expected an even headDim, got 3");
  });
});

describe("causalAttention(q, k, v)", () => {
  const shapes = fc.record({
    B: fc.integer({ min: 1, max: 2 }),
    G: fc.integer({ min: 1, max: 3 }),
    perGroup: fc.integer({ min: 1, max: 3 }),
    T: fc.integer({ min: 1, max: 5 }),
    D: fc.integer({ min: 1, max: 4 }),
    seed: fc.nat(),
  });
  const heads = (seed: number, B: number, H: number, G: number, T: number, D: number) => {
    const keys = split(key(seed), 3);
    return [H, G, G].map((n, i) =>
      normal(keys[i] as ReturnType<typeof key>, [B, n, T, D], { std: 2 }),
    ) as [Tensor, Tensor, Tensor];
  };

  test("shares each key/value head among neighbouring query heads", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async ({ B, G, perGroup, T, D, seed }) => {
        const H = G * perGroup;
        const [q, k, v] = heads(seed, B, H, G, T, D);
        const got = await evaluate(() => causalAttention(q, k, v));
        const at = (x: Tensor, b: number, h: number, t: number, d: number) =>
          x.data[((b * (x.shape[1] as number) + h) * T + t) * D + d] as number;
        got.forEach((value, i) => {
          const [d, t] = [i % D, Math.floor(i / D) % T];
          const [h, b] = [Math.floor(i / D / T) % H, Math.floor(i / D / T / H)];
          const g = Math.floor(h / perGroup);
          let [sum, weight] = [0, 0];
          for (let s = 0; s <= t; s++) {
            let score = 0;
            for (let e = 0; e < D; e++) score += at(q, b, h, t, e) * at(k, b, g, s, e);
            const w = Math.exp(score / Math.sqrt(D));
            sum += w * at(v, b, g, s, d);
            weight += w;
          }
          expect(Math.abs(value - sum / weight)).toBeLessThan(1e-12 * (1 + Math.abs(value)));
        });
      }),
    );
  });

  test("equals biasedAttention with a triangle of hidden positions", async () => {
    const [q, k, v] = heads(3, 2, 4, 2, 5, 3);
    const triangle = Array.from({ length: 25 }, (_, i) => (i % 5 <= Math.floor(i / 5) ? 0 : -1e30));
    const bias = tensor(Float64Array.from(triangle), [5, 5]);
    const [a, b] = await engine.run(() => [
      causalAttention(q, k, v),
      biasedAttention(q, k, v, bias),
    ]);
    a?.data.forEach((x, i) => {
      expect(x).toBeCloseTo(b?.data[i] as number, 12);
    });
  });

  test("refuses heads that do not fit", () => {
    const make = (...shape: number[]) => full(shape, 0);
    expect(() => causalAttention(make(1, 3, 4, 2), make(1, 2, 4, 2), make(1, 2, 4, 2))).toThrow(
      "causalAttention: expected [B, H, T, D] and twice [B, G, S, D], G a divisor of H",
    );
    expect(() => causalAttention(make(1, 2, 4, 2), make(1, 2, 5, 2), make(1, 2, 5, 2))).toThrow(
      "causalAttention: expected as many queries as keys",
    );
    expect(() => causalAttention(make(2, 4, 2), make(2, 4, 2), make(2, 4, 2))).toThrow(ShapeError);
  });
});

describe("dropout", () => {
  test("drops where the noise is below the rate, and scales the rest", async () => {
    const noise = tensor([0, 0.24, 0.25, 0.9]);
    const out = await engine.run(() => dropout(tensor([1, 2, 3, -4]), 0.25, noise));
    expect([...out.data]).toEqual([0, 0, 4, -4 / 0.75]);
  });

  test("keeps the mean, draws by its key, and is the identity at rate 0", async () => {
    const ones = full([20_000], 1);
    const [a, again, other, all] = await engine.run(() => [
      dropout(ones, 0.3, key(1)),
      dropout(ones, 0.3, key(1)),
      dropout(ones, 0.3, key(2)),
      dropout(ones, 0, key(1)),
    ]);
    expect(a.data).toEqual(again.data);
    expect(a.data).not.toEqual(other.data);
    expect(all.data.every((x) => x === 1)).toBe(true);
    const mean = Array.from(a.data).reduce((sum, x) => sum + x, 0) / a.data.length;
    // Five standard errors of √(0.3/0.7)/√20000.
    expect(Math.abs(mean - 1)).toBeLessThan(0.024);
  });

  test("refuses other rates, and noise of another shape", () => {
    expect(() => dropout(full([2], 1), 1, key(1))).toThrow("dropout: expected 0 ≤ rate < 1, got 1");
    expect(() => dropout(full([2], 1), 0.5, full([3], 1))).toThrow(
      /^dropout: expected noise \[2\]/,
    );
  });
});
