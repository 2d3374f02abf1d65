import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  crossEntropy,
  klDivergence,
  mse,
  summedCrossEntropy,
  tokenCrossEntropy,
} from "../../src/nn/index.ts";
import { full, ids, tensor } from "../../src/tensor/apply.ts";
import { ShapeError } from "../../src/tensor/errors.ts";
import { grad } from "../../src/tensor/grad.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { testEngine } from "../testEngine.ts";
import { softmaxOf } from "./oracle.ts";

const engine = await testEngine();

const evaluate = async (make: () => Tensor): Promise<number[]> => [
  ...(await engine.run(make)).data,
];

const number = fc.double({ min: -9, max: 9, noNaN: true });
/** Two rows of logits, labels and a mask that counts something, all [B, T(, V)]. */
const batches = fc
  .tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 5 }),
  )
  .chain(([B, T, V]) => {
    const grid = <X>(item: fc.Arbitrary<X>) => {
      const row = fc.array(item, { minLength: T, maxLength: T });
      return fc.array(row, { minLength: B, maxLength: B });
    };
    const logits = grid(fc.array(number, { minLength: V, maxLength: V }));
    const mask = grid(fc.constantFrom(0, 1)).filter((rows) => rows.flat().includes(1));
    return fc.record({ p: logits, q: logits, labels: grid(fc.nat(V - 1)), mask });
  });

const logSoftmaxOf = (row: readonly number[]) => softmaxOf(row).map(Math.log);
/** The mean of a value per token over those that count. */
function meanOver(mask: readonly number[][], value: (b: number, t: number) => number): number {
  const counted = mask.flatMap((row, b) => row.flatMap((m, t) => (m ? [value(b, t)] : [])));
  return counted.reduce((a, b) => a + b, 0) / counted.length;
}
const at = <X>(grid: readonly (readonly X[])[], b: number, t: number): X => grid[b]?.[t] as X;
const close = (got: number | undefined, wanted: number) =>
  expect(Math.abs((got as number) - wanted)).toBeLessThanOrEqual(1e-12 * Math.max(1, wanted));

describe("crossEntropy(logits, labels, mask)", () => {
  test("is the mean of −log p(label) over the tokens that count", async () => {
    await fc.assert(
      fc.asyncProperty(batches, async ({ p, labels, mask }) => {
        const loss = (b: number, t: number) =>
          -(logSoftmaxOf(at(p, b, t))[at(labels, b, t)] as number);
        const [got] = await evaluate(() => crossEntropy(tensor(p), ids(labels), tensor(mask)));
        close(got, meanOver(mask, loss));
        const perToken = await evaluate(() => tokenCrossEntropy(tensor(p), ids(labels)));
        perToken.forEach((x, i) => {
          const T = labels[0]?.length as number;
          close(x, loss(Math.floor(i / T), i % T));
        });
      }),
    );
  });

  test("a token that is left out adds nothing, though its loss be infinite or NaN", async () => {
    const { NEGATIVE_INFINITY, POSITIVE_INFINITY, NaN: nan } = Number;
    const edge = fc.constantFrom(NEGATIVE_INFINITY, POSITIVE_INFINITY, nan, -1e30, 0, 2);
    const edges = fc.array(fc.tuple(edge, edge, edge), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(edges, fc.constantFrom("mask", "weights"), async (odd, how) => {
        const counted = { [how]: tensor([1, ...odd.map(() => 0)]) };
        const rows = tensor([[1, 2, -1], ...odd]);
        const labels = ids([2, ...odd.map(() => 0)]);
        const alone = tensor([[1, 2, -1]]);
        const loss = await evaluate(() => crossEntropy(rows, labels, counted));
        expect(loss).toEqual(await evaluate(() => crossEntropy(alone, ids([2]))));
        const even = full(rows.shape, 0);
        const kl = await evaluate(() => klDivergence(even, rows, counted));
        expect(kl).toEqual(await evaluate(() => klDivergence(full([1, 3], 0), alone)));
      }),
    );
  });

  test("without a mask counts every token", async () => {
    const [logits, labels] = [
      tensor([
        [
          [1, 2],
          [3, 1],
        ],
      ]),
      ids([[0, 1]]),
    ];
    const [plain] = await evaluate(() => crossEntropy(logits, labels));
    const [masked] = await evaluate(() => crossEntropy(logits, labels, full([1, 2], 1)));
    expect(plain).toBe(masked);
  });

  test("gives tokens that do not count no gradient", async () => {
    const mask = tensor([0, 1]);
    const f = (x: Tensor) => crossEntropy(x, ids([0, 1]), mask);
    const g = await evaluate(() =>
      grad(f)(
        tensor([
          [1, 2],
          [3, 1],
        ]),
      ),
    );
    expect(g.slice(0, 2).map(Math.abs)).toEqual([0, 0]);
    expect(g[2]).toBeGreaterThan(0);
  });

  test("is the same for a mask that is only known when the program runs", async () => {
    const program = engine.compile((mask: Tensor) =>
      crossEntropy(
        tensor([
          [1, 2],
          [3, 1],
        ]),
        ids([0, 1]),
        mask,
      ),
    );
    const run = async (mask: readonly number[]) =>
      (await engine.read(await program(tensor(mask))))[0];
    const [known] = await evaluate(() =>
      crossEntropy(
        tensor([
          [1, 2],
          [3, 1],
        ]),
        ids([0, 1]),
        tensor([0, 1]),
      ),
    );
    expect(await run([0, 1])).toBe(known);
    expect(await run([0, 0])).toBeNaN();
  });

  test("comes in parts, for accumulation", async () => {
    const parts = await engine.run(() =>
      summedCrossEntropy(
        tensor([
          [1, 1],
          [3, 3],
        ]),
        ids([0, 1]),
        tensor([0, 1]),
      ),
    );
    close(parts.sum.data[0], Math.LN2);
    expect(parts.count.data[0]).toBe(1);
  });

  test("refuses what it cannot average", () => {
    const [logits, labels] = [
      full([2, 3, 5], 0),
      ids([
        [0, 0, 0],
        [0, 0, 0],
      ]),
    ];
    expect(() => crossEntropy(logits, labels, full([2, 3], 0))).toThrow(
      new RangeError("crossEntropy: expected at least one token to count, got none"),
    );
    expect(() => crossEntropy(logits, labels, full([2, 3], 0.5))).toThrow(
      "crossEntropy: expected a mask of zeros and ones, got 0.5",
    );
    expect(() => crossEntropy(logits, labels, labels)).toThrow(
      new TypeError("crossEntropy: expected a float mask, got int"),
    );
    expect(() => crossEntropy(logits, labels, full([3, 2], 1))).toThrow(
      new ShapeError("crossEntropy", "a mask [2, 3]", [[3, 2]]),
    );
    expect(() => crossEntropy(logits, ids([0, 1]))).toThrow(ShapeError);
    expect(() => tokenCrossEntropy(logits, ids([0, 1]))).toThrow(/^tokenCrossEntropy: expected/);
    expect(() => crossEntropy(logits, full([2, 3], 0))).toThrow(TypeError);
  });
});

describe("klDivergence(pLogits, qLogits, mask)", () => {
  test("is the mean of Σ p·(log p − log q) over the tokens that count", async () => {
    await fc.assert(
      fc.asyncProperty(batches, async ({ p, q, mask }) => {
        const kl = (b: number, t: number) => {
          const [logP, logQ] = [logSoftmaxOf(at(p, b, t)), logSoftmaxOf(at(q, b, t))];
          return logP.reduce((sum, x, i) => sum + Math.exp(x) * (x - (logQ[i] as number)), 0);
        };
        const [got] = await evaluate(() => klDivergence(tensor(p), tensor(q), tensor(mask)));
        close(got, meanOver(mask, kl));
      }),
    );
  });

  test("is differentiable in both distributions", async () => {
    const [p, q] = [
      [0.3, -1, 2],
      [1, 0.5, -0.2],
    ] as const;
    const both = ([x, y]: readonly [Tensor, Tensor]) => klDivergence(x, y);
    const [gp, gq] = await engine.run(() => grad(both)([tensor([p]), tensor([q])] as const));
    const value = async (x: readonly number[], y: readonly number[]) =>
      (await evaluate(() => klDivergence(tensor([x]), tensor([y]))))[0] as number;
    for (let i = 0; i < 3; i++) {
      const h = 1e-5;
      const at = (row: readonly number[], by: number) => row.with(i, (row[i] as number) + by);
      const dp = ((await value(at(p, h), q)) - (await value(at(p, -h), q))) / (2 * h);
      const dq = ((await value(p, at(q, h))) - (await value(p, at(q, -h)))) / (2 * h);
      expect(gp.data[i]).toBeCloseTo(dp, 9);
      expect(gq.data[i]).toBeCloseTo(dq, 9);
    }
  });

  test("refuses what it cannot compare", () => {
    const [p, q] = [full([2, 3], 0), full([2, 4], 0)];
    expect(() => klDivergence(p, q)).toThrow(
      new ShapeError("klDivergence", "twice [..., V]", [
        [2, 3],
        [2, 4],
      ]),
    );
    expect(() => klDivergence(p, p, full([2], 0))).toThrow(
      "klDivergence: expected at least one token to count, got none",
    );
  });
});

describe("smoothing and weights", () => {
  const [logits, labels] = [
    tensor([
      [1, 2, 0],
      [0, 3, 1],
    ]),
    ids([1, 0]),
  ];
  const logP = (row: number, v: number): number => {
    const z = [
      [1, 2, 0],
      [0, 3, 1],
    ][row] as number[];
    return (z[v] ?? 0) - Math.log(z.reduce((sum, x) => sum + Math.exp(x), 0));
  };
  const smoothedAt = (row: number, label: number, e: number): number =>
    -(1 - e) * logP(row, label) - (e / 3) * (logP(row, 0) + logP(row, 1) + logP(row, 2));

  test("a smoothed loss is the cross-entropy to the smoothed labels", async () => {
    const [loss] = await evaluate(() => crossEntropy(logits, labels, { labelSmoothing: 0.3 }));
    expect(loss).toBeCloseTo((smoothedAt(0, 1, 0.3) + smoothedAt(1, 0, 0.3)) / 2, 12);
  });

  test("weighted tokens are a weighted mean, masked ones are out", async () => {
    const weights = tensor([1, 3]);
    const [both] = await evaluate(() => crossEntropy(logits, labels, { weights }));
    expect(both).toBeCloseTo((-logP(0, 1) - 3 * logP(1, 0)) / 4, 12);
    const [one] = await evaluate(() =>
      crossEntropy(logits, labels, { weights, mask: tensor([0, 1]) }),
    );
    expect(one).toBeCloseTo(-logP(1, 0), 12);
    const [kl] = await evaluate(() => klDivergence(logits, full([2, 3], 0), { weights }));
    const [first, second] = await evaluate(() =>
      klDivergence(tensor([[1, 2, 0]]), full([1, 3], 0)),
    ).then(async ([a]) => [
      a,
      ...(await evaluate(() => klDivergence(tensor([[0, 3, 1]]), full([1, 3], 0)))),
    ]);
    expect(kl).toBeCloseTo(((first ?? NaN) + 3 * (second ?? NaN)) / 4, 12);
  });

  test("what nobody reads is refused, and what cannot be", () => {
    expect(() => crossEntropy(logits, labels, { smoothing: 0.1 } as never)).toThrow(
      "crossEntropy: expected options of mask, weights, labelSmoothing, got smoothing",
    );
    expect(() => crossEntropy(logits, labels, { labelSmoothing: 2 })).toThrow(RangeError);
  });
});

test("mse(predicted, target) is the mean squared difference, which broadcasts", async () => {
  const loss = await engine.run(() =>
    mse(
      tensor([
        [1, 2],
        [3, 5],
      ]),
      tensor([1, 1]),
    ),
  );
  expect(loss.shape).toEqual([]);
  expect(loss.data[0]).toBe((0 + 1 + 4 + 16) / 4);
});
