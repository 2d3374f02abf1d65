import { at } from "../../tensor/shapes.ts";
import {
  expectedLogRatio,
  jeffreys,
  jensenShannon,
  kl,
  squaredHellinger,
  totalVariation,
} from "./distributions.ts";
import type { Scene } from "./scene.ts";

/** The paths about which something is proved. */
export type Path = "logit" | "probability";

/** A statement of the form left ≤ right, about p, s, the anchor q and the weight w. */
export interface Claim {
  readonly id: string;
  /** As people write it. */
  readonly text: string;
  /** Where it is a theorem: spec/theory proves those and refutes the others. */
  readonly theorem: Readonly<Record<Path, boolean>>;
  readonly sides: (scene: Scene) => readonly [left: number, right: number];
  /** Why it matters, or what is true instead. */
  readonly note: string;
}

const both = { logit: true, probability: true } as const;
const neither = { logit: false, probability: false } as const;
const onlyLogit = { logit: true, probability: false } as const;
const onlyProbability = { logit: false, probability: true } as const;

/** Statements about exact steps. */
export const claims: readonly Claim[] = [
  {
    id: "1",
    text: "KL(p‖q) ≤ w·KL(p‖s)",
    theorem: both,
    sides: ({ p, q, s, weight }) => [kl(p, q), weight * kl(p, s)],
    note: "The bound of the algorithm: how far the old model is from the new one.",
  },
  {
    id: "4",
    text: "KL(s‖q) ≤ (1−w)·KL(s‖p)",
    theorem: both,
    sides: ({ p, q, s, weight }) => [kl(s, q), (1 - weight) * kl(s, p)],
    note: "Its mirror: how much of p_sft is still missing.",
  },
  {
    id: "2",
    text: "KL(q‖p) ≤ w·KL(s‖p)",
    theorem: onlyProbability,
    sides: ({ p, q, s, weight }) => [kl(q, p), weight * kl(s, p)],
    note: "The other direction. On the logit path only KL(q‖p) ≤ KL(s‖p) is true.",
  },
  {
    id: "3",
    text: "KL(q‖s) ≤ (1−w)·KL(p‖s)",
    theorem: onlyProbability,
    sides: ({ p, q, s, weight }) => [kl(q, s), (1 - weight) * kl(p, s)],
    note: "The mirror of that. On the logit path only KL(q‖s) ≤ KL(p‖s) is true.",
  },
  {
    id: "2c",
    text: "(1−w)·KL(q‖p) ≤ w·KL(p‖s)",
    theorem: onlyLogit,
    sides: ({ p, q, s, weight }) => [(1 - weight) * kl(q, p), weight * kl(p, s)],
    note: "What the logit path has instead, since q minimises (1−w)·KL(r‖p) + w·KL(r‖s).",
  },
  {
    id: "5",
    text: "TV(p, q) ≤ w·TV(p, s)",
    theorem: onlyProbability,
    sides: ({ p, q, s, weight }) => [totalVariation(p, q), weight * totalVariation(p, s)],
    note: "An equality on the probability path; on the logit path only TV(p, q) ≤ TV(p, s).",
  },
  {
    id: "6",
    text: "JS(p, q) ≤ w·JS(p, s)",
    theorem: onlyProbability,
    sides: ({ p, q, s, weight }) => [jensenShannon(p, q), weight * jensenShannon(p, s)],
    note: "Jensen–Shannon. On the logit path only JS(p, q) ≤ JS(p, s) is true.",
  },
  {
    id: "7",
    text: "H²(p, q) ≤ w·H²(p, s)",
    theorem: onlyProbability,
    sides: ({ p, q, s, weight }) => [squaredHellinger(p, q), weight * squaredHellinger(p, s)],
    note: "Squared Hellinger distance. On the logit path only H²(p, q) ≤ H²(p, s) is true.",
  },
  {
    id: "9",
    text: "J(p, q) ≤ w·J(p, s)",
    theorem: both,
    sides: ({ p, q, s, weight }) => [jeffreys(p, q), weight * jeffreys(p, s)],
    note: "Both directions together: J = KL(p‖q) + KL(q‖p).",
  },
  {
    id: "10",
    text: "KL(p‖q) ≤ −log(1−w)",
    theorem: onlyProbability,
    sides: ({ p, q, weight }) => [kl(p, q), -Math.log1p(-weight)],
    note: "A bound that asks nothing of p and s. The logit path has none of that kind.",
  },
  {
    id: "15",
    text: "Σ KL(p_t‖p_{t+1}) ≤ KL(p_0‖p_T)",
    theorem: both,
    sides: ({ p, q, trail }) => [total(trail), kl(p, q)],
    note: "The steps together go less far than it is from the first model to the last …",
  },
  {
    id: "16",
    text: "KL(p_0‖p_T) ≤ Σ KL(p_t‖p_{t+1})",
    theorem: neither,
    sides: ({ p, q, trail }) => [kl(p, q), total(trail)],
    note: "… so bounds of single steps must not be added up: KL knows no triangle inequality.",
  },
];

/** Statements about an inner loop that did not reach q but p′. */
export const landedClaims: readonly Claim[] = [
  {
    id: "20",
    text: "KL(p‖p′) ≤ w·KL(p‖s) + δ",
    theorem: both,
    sides: (scene) => [kl(scene.p, landedOf(scene)), bound(scene) + deltaOf(scene)],
    note: "The certificate: δ = E_p[log q − log p′] is what the optimizer missed, measured.",
  },
  {
    id: "20−",
    text: "KL(p‖p′) ≤ w·KL(p‖s)",
    theorem: neither,
    sides: (scene) => [kl(scene.p, landedOf(scene)), bound(scene)],
    note: "Without δ nothing is promised on a token.",
  },
  {
    id: "20c",
    text: "KL(p‖p′) ≤ w·KL(p‖s) + η",
    theorem: neither,
    sides: (scene) => [kl(scene.p, landedOf(scene)), bound(scene) + etaOf(scene)],
    note: "η = KL(q‖p′) is the training loss that is left. A small one certifies nothing.",
  },
];

const landedOf = ({ landed, q }: Scene): Scene["q"] => landed ?? q;
const bound = ({ p, s, weight }: Scene): number => weight * kl(p, s);

/** δ = E_p[log q − log p′]. */
export const deltaOf = (scene: Scene): number =>
  expectedLogRatio(scene.p, scene.q, landedOf(scene));

/** η = KL(q‖p′). */
export const etaOf = (scene: Scene): number => kl(scene.q, landedOf(scene));

/** Σ KL(p_t‖p_{t+1}). */
const total = (trail: Scene["trail"]): number =>
  trail.slice(1).reduce((sum, next, t) => sum + kl(at(trail, t), next), 0);

/** `broken` would mean that the numbers are wrong: a theorem cannot fail. */
export type Verdict = "theorem" | "holds" | "fails" | "broken";

export interface Finding {
  readonly left: number;
  readonly right: number;
  readonly verdict: Verdict;
}

/** Of float64 sums, relative to 1 + the sides. */
const TOLERANCE = 1e-9;

/** What a claim says about a scene, and whether it is so. */
export function judge({ sides, theorem }: Claim, scene: Scene): Finding {
  const [left, right] = sides(scene);
  const holds = left <= right + TOLERANCE * (1 + Math.max(Math.abs(left), Math.abs(right)));
  const proved = typeof scene.path === "string" && theorem[scene.path];
  if (proved) return { left, right, verdict: holds ? "theorem" : "broken" };
  return { left, right, verdict: holds ? "holds" : "fails" };
}
