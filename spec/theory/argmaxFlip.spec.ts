/**
 * When the student changes its mind. Two tokens: i, the snapshot's choice, and j, the reference's.
 * With margins m_p = log p_i/p_j and m_s = log s_j/s_i the geometric mean prefers j exactly when
 * α > m_p / (m_p + m_s), since log q_i/q_j = (1−α)·m_p − α·m_s; the arithmetic mean exactly when
 * α > (p_i − p_j) / ((p_i − p_j) + (s_j − s_i)), since q_i − q_j = (1−α)(p_i − p_j) − α(s_j − s_i).
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { kl } from "../../src/anchored/objectives/divergences.ts";
import { interpolate } from "../../src/anchored/objectives/interpolations.ts";
import { flipDivergence } from "../../src/anchored/targets/flips.ts";
import { logSoftmaxOf } from "../../src/arbitraries/distributions.ts";
import { createEngine } from "../../src/engines/create.ts";
import { constant, tensor } from "../../src/tensor/apply.ts";
import { argmax } from "../../src/tensor/ops.ts";
import { at } from "../../src/tensor/shapes.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { testEngine } from "../testEngine.ts";
import { choiceLaws, radii } from "./laws/choices.ts";
import { FLOAT32, type Space, testLaws } from "./laws/laws.ts";
import { thresholdLaws } from "./laws/thresholds.ts";

const engine = await testEngine();

/** Probabilities of token i. */
interface Pair {
  readonly p: number;
  readonly s: number;
}

const thresholds: { readonly [S in Space]: (pair: Pair) => number } = {
  logit: ({ p, s }) => {
    const [mine, theirs] = [Math.log(p / (1 - p)), Math.log((1 - s) / s)];
    return mine / (mine + theirs);
  },
  probability: ({ p, s }) => {
    const [mine, theirs] = [2 * p - 1, 1 - 2 * s];
    return mine / (mine + theirs);
  },
};

/** For each weight 0 while the anchor prefers i, 1 once it prefers j. */
async function chosen(space: Space, pair: Pair, alphas: readonly number[]): Promise<number[]> {
  const [p, s] = [pair.p, pair.s].map((x) => tensor([Math.log(x), Math.log1p(-x)]));
  const picked = await engine.run(() =>
    alphas.map((alpha) => argmax(interpolate(space, alpha)(p as Tensor, s as Tensor))),
  );
  return picked.map(({ data }) => at(data, 0));
}

const agreeable = fc.double({ min: 1e-9, max: 0.49, noNaN: true });
const pairs = fc.record({ p: agreeable.map((x) => 1 - x), s: agreeable });

describe.each(["logit", "probability"] as const)("%s", (space) => {
  test("the anchor's choice flips at the threshold", async () => {
    await fc.assert(
      fc.asyncProperty(pairs, fc.double({ min: 1e-6, max: 1, noNaN: true }), async (pair, step) => {
        const threshold = thresholds[space](pair);
        const weights = [threshold * (1 - step), threshold + (1 - threshold) * step];
        expect(await chosen(space, pair, weights)).toEqual([0, 1]);
      }),
      { numRuns: 1000 },
    );
  });
});

test("logit space adopts what is latent early and what is alien late; probability space hardly tells them apart", () => {
  const latent = { p: 0.75, s: 0.01 };
  const alien = { p: 1 - 1e-4, s: 0.01 };
  expect(thresholds.logit(latent)).toBeCloseTo(0.193, 3);
  expect(thresholds.logit(alien)).toBeCloseTo(0.667, 3);
  expect(thresholds.probability(latent)).toBeCloseTo(0.338, 3);
  expect(thresholds.probability(alien)).toBeCloseTo(0.505, 3);
});

test("an over-confident reference wins in logit space at any weight, in probability space only past a half", () => {
  const sure = (rare: number): Pair => ({ p: 0.99, s: rare });
  const logit = [1e-3, 1e-30, 1e-300].map((rare) => thresholds.logit(sure(rare)));
  expect(logit[2]).toBeLessThan(0.007);
  expect(logit).toEqual(logit.toSorted((a, b) => b - a));
  expect(thresholds.probability(sure(1e-300))).toBeCloseTo(0.98 / 1.98, 12);
});

/** A distribution, and the nearest that tie its two likeliest tokens: log-probabilities. */
interface Ties {
  readonly logP: readonly number[];
  /** Of the least KL(p‖·), and of the least KL(·‖p). */
  readonly halfway: readonly number[];
  readonly projected: readonly number[];
}

function tiesOf(logits: readonly number[]): Ties {
  const logP = logSoftmaxOf([...logits]);
  const [first = 0, second = 0] = logP
    .map((_, i) => i)
    .sort((a, b) => at(logP, b) - at(logP, a) || a - b);
  const tie = (level: number): readonly number[] =>
    logSoftmaxOf(logP.map((x, i) => (i === first || i === second ? level : x)));
  const [p1, p2] = [at(logP, first), at(logP, second)];
  return {
    logP,
    halfway: tie(Math.log((Math.exp(p1) + Math.exp(p2)) / 2)),
    projected: tie((p1 + p2) / 2),
  };
}

describe("what another choice costs", () => {
  testLaws(() => engine, choiceLaws);

  test("both radii are attained where the two likeliest are tied", async () => {
    await using wasm = await createEngine({ backend: "wasm", threads: 1 });
    await using cpu = await createEngine({ backend: "cpu" });
    /** Where each is evaluated, and to what share of 1 + κ. */
    const engines = [
      [engine, 1e-12],
      [wasm, FLOAT32],
      [cpu, FLOAT32],
    ] as const;
    // Rows of one length share a program: forty of them to each of twenty-five runs.
    const logit = fc.double({ min: -30, max: 0, noNaN: true });
    const many = fc.integer({ min: 2, max: 16 }).chain((V) => {
      const row = fc.array(logit, { minLength: V, maxLength: V });
      return fc.array(row, { minLength: 40, maxLength: 40 });
    });
    await fc.assert(
      fc.asyncProperty(many, async (rows) => {
        const cases = rows.map(tiesOf);
        const V = at(rows, 0).length;
        const put = (pick: (one: Ties) => readonly number[]): Tensor =>
          constant(Float64Array.from(cases.flatMap(pick)), [cases.length, V]);
        const [p, half, projection] = [
          put(({ logP }) => logP),
          put(({ halfway }) => halfway),
          put(({ projected }) => projected),
        ];
        for (const [on, tolerance] of engines) {
          const [forward, atHalf, reverse, atProjection] = await on.run(() => {
            const { forward, reverse } = radii(p);
            return [forward, kl(p, half), reverse, kl(projection, p)] as const;
          });
          cases.forEach((_, i) => {
            for (const [radius, spent] of [
              [forward, atHalf],
              [reverse, atProjection],
            ] as const) {
              const [wanted, got] = [at(radius.data, i), at(spent.data, i)];
              if (!(Math.abs(got - wanted) < tolerance * (1 + wanted)))
                expect.fail(`${on.backend}: expected ${wanted}, got ${got}`);
            }
          });
        }
      }),
      { numRuns: 25 },
    );
  });

  test("on the host it is the same number, to the last digits near a tie", async () => {
    const gaps = fc.double({ min: -40, max: 0, noNaN: true });
    await fc.assert(
      fc.asyncProperty(gaps, gaps, fc.integer({ min: 1, max: 30 }), async (gap, other, times) => {
        const near = gap / 4 ** times;
        const logP = logSoftmaxOf([0, near, Math.min(near, other)]);
        const { data } = await engine.run(() => radii(tensor(logP)).forward);
        const kappa = flipDivergence(logP);
        expect(Math.abs(kappa - at(data, 0))).toBeLessThan(1e-15);
        // κ ≈ p1·x²/4 for p2 = p1·(1 − x).
        const x = -Math.expm1(near);
        if (x < 1e-4 && x > 1e-7)
          expect(kappa / ((Math.exp(at(logP, 0)) * x * x) / 4)).toBeCloseTo(1, 3);
      }),
      { numRuns: 1000 },
    );
  });

  test("of (.9, .1) it is .368 and .511 nats, of (.99, .01) .637 and 1.614, and never ln 2 in KL(p‖p′)", async () => {
    const shown = await engine.run(() =>
      [0.9, 0.99, 1 - 1e-12].map((p1) => {
        const { forward, reverse } = radii(tensor([Math.log(p1), Math.log1p(-p1)]));
        return [forward, reverse];
      }),
    );
    const digits = shown.map((pair) => pair.map(({ data }) => Number(data[0]?.toFixed(3))));
    expect(digits.slice(0, 2)).toEqual([
      [0.368, 0.511],
      [0.637, 1.614],
    ]);
    expect(shown[2]?.[0]?.data[0]).toBeLessThan(Math.LN2);
  });

  test("not mean KL < mean κ: one token in three changes its mind for the price of all", async () => {
    const [sure, before, after] = [
      tensor([Math.log(0.99), Math.log(0.01)]),
      tensor([Math.log(0.9), Math.log(0.1)]),
      tensor([Math.log(0.3), Math.log(0.7)]),
    ];
    const [step, radius, others] = await engine.run(() => [
      kl(before, after),
      radii(before).forward,
      radii(sure).forward,
    ]);
    const [spent, own, spare] = [step, radius, others].map((x) => x?.data[0] as number);
    expect(spent).toBeCloseTo(0.794, 3);
    expect(spent).toBeGreaterThan(own as number);
    expect((spent as number) / 3).toBeLessThan(((own as number) + 2 * (spare as number)) / 3);
  });
});

describe("what the anchor loses", () => {
  testLaws(() => engine, thresholdLaws);
});
