import { describe } from "vitest";
import {
  type Divergence,
  jensenShannon,
  kl,
  squaredHellinger,
  totalVariation,
} from "../../src/anchored/objectives/divergences.ts";
import { tensor } from "../../src/tensor/apply.ts";
import { add, mul } from "../../src/tensor/ops.ts";
import { testEngine } from "../testEngine.ts";
import {
  type Counterexample,
  type Distributions,
  refute,
  sureOfFirst,
  sureOfSecond,
} from "./laws/counterexamples.ts";
import { testLaws } from "./laws/laws.ts";
import { largestLogRatio, monotoneLaws, oneStepLaws, reach } from "./laws/oneStep.ts";

const engine = await testEngine();

describe("one exact step", () => {
  testLaws(() => engine, oneStepLaws);
});

describe("along the path", () => {
  testLaws(() => engine, monotoneLaws);
});

const linear =
  (divergence: Divergence) =>
  ({ p, q, s, alpha }: Distributions) =>
    [divergence(p, q), mul(divergence(p, s), alpha)] as const;
const whole =
  (divergence: Divergence) =>
  ({ p, q, s }: Distributions) =>
    [divergence(p, q), divergence(p, s)] as const;
const reverseKl: Divergence = (p, q) => kl(q, p);

/** p and s sure of different tokens: half-way, the geometric mean all but follows the surer one. */
const opposed = {
  space: "logit",
  p: sureOfFirst(1e-6),
  s: sureOfSecond(1e-9),
  alpha: 0.5,
} as const;
const half = tensor([Math.log(0.5), Math.log(0.5)]);

const counterexamples: readonly Counterexample[] = [
  {
    ...opposed,
    name: "2: KL(q‖p) ≤ α·KL(s‖p)",
    claim: linear(reverseKl),
    found: [13.26, 6.91],
    instead: whole(reverseKl),
  },
  {
    ...opposed,
    p: opposed.s,
    s: opposed.p,
    name: "3: KL(q‖s) ≤ (1−α)·KL(p‖s)",
    claim: ({ p, q, s, alpha }) => [kl(q, s), mul(kl(p, s), 1 - alpha)],
    found: [13.26, 6.91],
    instead: ({ p, q, s }) => [kl(q, s), kl(p, s)],
  },
  {
    ...opposed,
    name: "5: TV(p, q) ≤ α·TV(p, s)",
    claim: linear(totalVariation),
    found: [0.969, 0.5],
    instead: whole(totalVariation),
  },
  {
    ...opposed,
    name: "6: JS(p, q) ≤ α·JS(p, s)",
    claim: linear(jensenShannon),
    found: [0.624, 0.347],
    instead: whole(jensenShannon),
  },
  {
    ...opposed,
    name: "7: H²(p, q) ≤ α·H²(p, s)",
    claim: linear(squaredHellinger),
    found: [0.824, 0.499],
    instead: whole(squaredHellinger),
  },
  {
    name: "10: KL(p‖q) ≤ −log(1−α)",
    space: "logit",
    p: sureOfFirst(1e-9),
    s: sureOfSecond(1e-9),
    alpha: 0.9,
    claim: ({ p, q, alpha }) => [kl(p, q), add(mul(kl(p, q), 0), -Math.log1p(-alpha))],
    found: [16.6, 2.3],
    instead: linear(kl),
  },
  {
    name: "10: KL(s‖q) ≤ −log α",
    space: "logit",
    p: sureOfSecond(1e-9),
    s: sureOfFirst(1e-9),
    alpha: 0.1,
    claim: ({ q, s, alpha }) => [kl(s, q), add(mul(kl(s, q), 0), -Math.log(alpha))],
    found: [16.6, 2.3],
    instead: ({ p, q, s, alpha }) => [kl(s, q), mul(kl(s, p), 1 - alpha)],
  },
  {
    name: "2c: KL(q‖p) ≤ α/(1−α)·KL(p‖s)",
    space: "probability",
    p: sureOfFirst(1e-12),
    s: half,
    alpha: 0.5,
    claim: ({ p, q, s, alpha }) => [kl(q, p), mul(kl(p, s), alpha / (1 - alpha))],
    found: [6.35, Math.LN2],
    instead: linear(reverseKl),
  },
  {
    name: "3c: KL(q‖s) ≤ (1−α)/α·KL(s‖p)",
    space: "probability",
    p: half,
    s: sureOfFirst(1e-12),
    alpha: 0.5,
    claim: ({ p, q, s, alpha }) => [kl(q, s), mul(kl(s, p), (1 - alpha) / alpha)],
    found: [6.35, Math.LN2],
    instead: ({ p, q, s, alpha }) => [kl(q, s), mul(kl(p, s), 1 - alpha)],
  },
  {
    ...opposed,
    name: "11: max |log q − log p| ≤ α·max |log s − log p|",
    claim: linear(largestLogRatio),
    found: [13.8, 10.4],
    instead: whole(largestLogRatio),
  },
  {
    name: "11: max |log q − log p| ≤ α·max |log s − log p|",
    space: "probability",
    p: sureOfFirst(1e-12),
    s: half,
    alpha: 0.5,
    claim: linear(largestLogRatio),
    found: [26.2, 13.5],
    instead: whole(largestLogRatio),
  },
  {
    name: "11′: max |log q − log p| ≤ α·(max t − min t)",
    space: "probability",
    p: sureOfFirst(1e-12),
    s: half,
    alpha: 0.5,
    claim: ({ p, q, s, alpha }) => [largestLogRatio(p, q), mul(reach(p, s), alpha)],
    found: [26.2, 13.8],
    instead: whole(largestLogRatio),
  },
];

describe("what does not hold", () => {
  refute(() => engine, counterexamples);
});
