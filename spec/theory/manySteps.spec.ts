import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { kl, totalVariation } from "../../src/anchored/objectives/divergences.ts";
import { effectiveWeight, interpolate } from "../../src/anchored/objectives/interpolations.ts";
import { weights } from "../../src/arbitraries/index.ts";
import { tensor } from "../../src/tensor/apply.ts";
import { add, logSoftmax, mul } from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { testEngine } from "../testEngine.ts";
import { choices, pairs } from "./laws/arbitraries.ts";
import {
  type Counterexample,
  type Distributions,
  refute,
  sureOfFirst,
  sureOfSecond,
} from "./laws/counterexamples.ts";
import { testLaws } from "./laws/laws.ts";
import { manyStepsLaws, stepsSum } from "./laws/manySteps.ts";

const engine = await testEngine();

describe("exact steps", () => {
  testLaws(() => engine, manyStepsLaws);
});

describe("the effective weight", () => {
  test("is 1 − (1−α)^T, between α and 1, and grows with T", () => {
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 50 }), (alpha, steps) => {
        const weight = effectiveWeight(alpha, steps);
        expect(Math.abs(weight - (1 - (1 - alpha) ** steps))).toBeLessThan(1e-12);
        expect(weight).toBeGreaterThanOrEqual(alpha - 1e-15);
        expect(effectiveWeight(alpha, steps + 1)).toBeGreaterThanOrEqual(weight);
      }),
      { numRuns: 1000 },
    );
  });

  test("of the paper's α = 0.5 and T = 5 is 0.969: nearly the reference", () => {
    expect(effectiveWeight(0.5, 5)).toBeCloseTo(0.96875, 12);
  });

  test.each(["logit", "probability"] as const)(
    "tends to 1: after many steps the student is the reference, and nothing is retained (%s)",
    async (space) => {
      await fc.assert(
        fc.asyncProperty(choices, async (choice) => {
          const { snapshot, reference } = pairs(choice);
          const weight = effectiveWeight(Math.max(choice.alpha, 0.1), 400);
          const { data } = await engine.run(() =>
            totalVariation(interpolate(space, weight)(snapshot, reference), logSoftmax(reference)),
          );
          expect(Math.max(...data)).toBeLessThan(1e-12);
        }),
        { numRuns: 1000 },
      );
    },
  );
});

/** p_0 … p_T. */
const path = ({ p, s, anchor }: Distributions, steps: number): Tensor[] => {
  const all = [p];
  for (let t = 0; t < steps; t++) all.push(anchor(all[t] as Tensor, s));
  return all;
};

/** The sum of the steps' divergences bounds nothing: KL knows no triangle inequality. */
const sumBounds = (x: Distributions) => {
  const all = path(x, 5);
  return [kl(x.p, all.at(-1) as Tensor), stepsSum(all)] as const;
};
const atEffectiveWeight = (x: Distributions) =>
  [kl(x.p, path(x, 5).at(-1) as Tensor), mul(kl(x.p, x.s), effectiveWeight(x.alpha, 5))] as const;

const counterexamples: readonly Counterexample[] = [
  {
    name: "17: KL(p_T‖s) ≤ (1−α)^T·KL(p_0‖s)",
    space: "logit",
    p: sureOfFirst(1e-12),
    s: tensor([Math.log(1e-3), Math.log(0.999)]),
    alpha: 0.5,
    claim: (x) => [kl(path(x, 2).at(-1) as Tensor, x.s), mul(kl(x.p, x.s), 0.25)],
    found: [5.44, 1.73],
    instead: (x) => [kl(path(x, 2).at(-1) as Tensor, x.s), kl(x.p, x.s)],
  },
  {
    name: "16: KL(p_0‖p_T) ≤ Σ_t KL(p_t‖p_{t+1})",
    space: "logit",
    p: sureOfFirst(1e-6),
    s: sureOfSecond(1e-9),
    alpha: 0.5,
    claim: sumBounds,
    found: [19.64, 3.72],
    instead: atEffectiveWeight,
  },
  {
    name: "16: KL(p_0‖p_T) ≤ Σ_t KL(p_t‖p_{t+1})",
    space: "probability",
    p: sureOfFirst(1e-6),
    s: sureOfSecond(1e-9),
    alpha: 0.5,
    claim: sumBounds,
    found: [3.47, 0.934],
    instead: atEffectiveWeight,
  },
];

describe("what does not hold", () => {
  refute(() => engine, counterexamples);

  test("T and α apart from a_T: the paper's T = 5, α = 0.5 and one step of 0.969 are one point", async () => {
    const [p, s] = [sureOfFirst(0.3), sureOfSecond(0.1)];
    const [many, once] = await engine.run(() => {
      let at: Tensor = p;
      for (let t = 0; t < 5; t++) at = interpolate("logit", 0.5)(at, s);
      return [at, interpolate("logit", 0.96875)(add(p, 0), s)];
    });
    many?.data.forEach((x, i) => {
      expect(x).toBeCloseTo(once?.data[i] as number, 12);
    });
  });
});
