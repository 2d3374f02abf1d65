import { describe } from "vitest";
import { jeffreys, kl } from "../../src/anchored/objectives/divergences.ts";
import { tensor } from "../../src/tensor/apply.ts";
import { add, mul, sqrt } from "../../src/tensor/ops.ts";
import { testEngine } from "../testEngine.ts";
import {
  type Counterexample,
  type Distributions,
  refute,
  sureOfFirst,
  sureOfSecond,
} from "./laws/counterexamples.ts";
import { judgeLaws } from "./laws/judges.ts";
import { testLaws } from "./laws/laws.ts";
import { reach } from "./laws/oneStep.ts";
import { tanhOfQuarter, trustRegionLaws } from "./laws/trustRegion.ts";

const engine = await testEngine();

describe("whoever judges", () => {
  testLaws(() => engine, judgeLaws);
});

describe("length against weight", () => {
  testLaws(() => engine, trustRegionLaws);
});

const logs = (...probabilities: readonly number[]) => tensor(probabilities.map(Math.log));

/** A token that s wants and p all but excludes: the mixture has it at once. */
const wanted = {
  space: "probability",
  p: sureOfFirst(1e-5),
  s: logs(0.08, 0.92),
  alpha: 5e-4,
} as const;
const quadratic = ({ p, s, alpha }: Distributions) => {
  const r = mul(reach(p, s), alpha);
  return mul(mul(r, r), 1 / 8);
};
const rootTriangle =
  (later: number): Counterexample["claim"] =>
  ({ p, s, q, anchor }) => {
    const end = anchor(p, s, later);
    return [add(sqrt(kl(p, q)), sqrt(kl(q, end))), sqrt(kl(p, end))];
  };
/** Law 14 on the same points. */
const divergencesAdd =
  (later: number): Counterexample["instead"] =>
  ({ p, s, q, anchor }) => {
    const end = anchor(p, s, later);
    return [add(kl(p, q), kl(q, end)), kl(p, end)];
  };

const counterexamples: readonly Counterexample[] = [
  {
    ...wanted,
    name: "N2: KL(p‖q) ≤ α²R²/8",
    claim: (x) => [kl(x.p, x.q), quadratic(x)],
    found: [4.22e-4, 6.09e-6],
    instead: ({ p, q, s, alpha }) => [kl(p, q), mul(kl(p, s), alpha)],
  },
  {
    ...wanted,
    name: "N2: KL(q‖p) ≤ α²R²/8",
    claim: (x) => [kl(x.q, x.p), quadratic(x)],
    found: [1.35e-3, 6.09e-6],
    instead: ({ p, q, s, alpha }) => [kl(q, p), mul(kl(s, p), alpha)],
  },
  {
    ...wanted,
    name: "N2: J(p, q) ≤ αR·tanh(αR/4)",
    claim: ({ p, q, s, alpha }) => {
      const r = mul(reach(p, s), alpha);
      return [jeffreys(p, q), mul(r, tanhOfQuarter(r))];
    },
    found: [1.77e-3, 1.22e-5],
    instead: ({ p, q, s, alpha }) => [jeffreys(p, q), mul(jeffreys(p, s), alpha)],
  },
  {
    name: "N3: √KL(p‖q_u) + √KL(q_u‖q_v) ≤ √KL(p‖q_v)",
    space: "logit",
    p: logs(0.9, 0.1 - 1e-7, 1e-7),
    s: logs(0.5 - 5e-6, 1e-5, 0.5 - 5e-6),
    alpha: 0.8,
    claim: rootTriangle(1),
    found: [1.517, 1.204],
    instead: divergencesAdd(1),
  },
  {
    name: "N3: √KL(p‖q_u) + √KL(q_u‖q_v) ≤ √KL(p‖q_v)",
    space: "probability",
    p: logs(1e-6, 1 - 1e-6),
    s: logs(0.01, 0.99),
    alpha: 0.1,
    claim: rootTriangle(0.6),
    found: [0.0883, 0.0775],
    instead: divergencesAdd(0.6),
  },
  {
    name: "N5: KL(q_α‖p)/α grows with α",
    space: "logit",
    p: sureOfFirst(1e-6),
    s: sureOfSecond(1e-9),
    alpha: 0.5,
    claim: ({ p, q, s, alpha }) => [mul(kl(q, p), 1 / alpha), kl(s, p)],
    found: [26.5, 13.8],
    instead: ({ p, q, s }) => [kl(q, p), kl(s, p)],
  },
];

describe("what does not hold", () => {
  refute(() => engine, counterexamples);
});
