/**
 * When the student changes its mind. Two tokens: i, the snapshot's choice, and j, the reference's.
 * With margins m_p = log p_i/p_j and m_s = log s_j/s_i the geometric mean prefers j exactly when
 * α > m_p / (m_p + m_s), since log q_i/q_j = (1−α)·m_p − α·m_s; the arithmetic mean exactly when
 * α > (p_i − p_j) / ((p_i − p_j) + (s_j − s_i)), since q_i − q_j = (1−α)(p_i − p_j) − α(s_j − s_i).
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { interpolate } from "../../src/anchored/objectives/interpolations.ts";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { tensor } from "../../src/tensor/apply.ts";
import { argmax } from "../../src/tensor/ops.ts";
import type { Space } from "./laws/laws.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ backend: "reference" });
});
afterAll(() => engine.close());

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

/** 0 while the anchor prefers i, 1 once it prefers j. */
async function choice(space: Space, { p, s }: Pair, alpha: number): Promise<number> {
  const [from, to] = [p, s].map((x) => tensor([Math.log(x), Math.log1p(-x)]));
  const picked = await engine.run(() =>
    argmax(interpolate(space, alpha)(from as never, to as never)),
  );
  return picked.data[0] as number;
}

const agreeable = fc.double({ min: 1e-9, max: 0.49, noNaN: true });
const pairs = fc.record({ p: agreeable.map((x) => 1 - x), s: agreeable });

describe.each(["logit", "probability"] as const)("%s", (space) => {
  test("the anchor's choice flips at the threshold", async () => {
    await fc.assert(
      fc.asyncProperty(pairs, fc.double({ min: 1e-6, max: 1, noNaN: true }), async (pair, step) => {
        const threshold = thresholds[space](pair);
        expect(await choice(space, pair, threshold * (1 - step))).toBe(0);
        expect(await choice(space, pair, threshold + (1 - threshold) * step)).toBe(1);
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
