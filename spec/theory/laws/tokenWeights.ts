/** The weights of N6, each from its paper's formula: what `reweightings.ts` holds the program's losses against. */
import type { Method } from "../../../src/anchored/objectives/methods.ts";
import type { FineTuneOptions } from "../../../src/anchored/options.ts";
import { full } from "../../../src/tensor/apply.ts";
import {
  broadcastTo,
  div,
  exp,
  less,
  log,
  maximum,
  minimum,
  mul,
  neg,
  select,
  softmax,
  square,
  sub,
  sum,
} from "../../../src/tensor/ops.ts";
import { at, last } from "../../../src/tensor/shapes.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";

/** What a token's weight is made of, [B, T] each but for the logits. */
export interface Seen {
  /** The student's, [B, T, V]. */
  readonly logits: Tensor;
  /** 1 where a token counts. */
  readonly mask: Tensor;
  /** −log p_θ(y), and the same of the frozen model: the base, or the student as it was. */
  readonly surprise: Tensor;
  readonly frozenSurprise: Tensor;
  /** [B, T, V], 1 at tokens than which fewer than K are likelier. */
  readonly likeliest: (K: number) => Tensor;
  /** ℓ, the base's mean loss of each sequence of the data. */
  readonly losses: readonly number[];
}

/** A method whose pull is that of an every-step probability anchor. */
export interface Reweighting {
  readonly name: string;
  readonly method: Method;
  readonly options?: Partial<FineTuneOptions>;
  /** w of each token. */
  readonly weight: (seen: Seen) => Tensor;
  /** β of β·KL(p_base‖p_θ). */
  readonly beta?: number;
  /** The pull is so many times the anchor's; 1 by default. */
  readonly times?: number;
  /** Whether the mean is over tokens of weight 1 alone, and over all that count otherwise. */
  readonly isMeanOfKept?: true;
  /** Whether w + β may be above 1: there the pull is no anchor's. */
  readonly leaves?: true;
}

const power =
  (a: number) =>
  ({ surprise }: Seen): Tensor =>
    exp(mul(surprise, -a));
const atLeast = (surprise: Tensor, threshold: number): Tensor =>
  sub(1, less(exp(neg(surprise)), threshold));

/** The mean over the tokens of a sequence that count, at each of them. */
const meanOf = (x: Tensor, { mask }: Seen): Tensor => {
  const over = (y: Tensor): Tensor => sum(y, { axis: -1, keepAxes: true });
  return broadcastTo(div(over(mul(mask, x)), maximum(over(mask), 1)), x.shape);
};

/** (H/ln K)^a of the K likeliest tokens. */
const entropyOf =
  (topK: number, a: 1 | 2) =>
  ({ logits, likeliest }: Seen): Tensor => {
    const K = Math.min(topK, last(logits.shape));
    const p = mul(softmax(logits), likeliest(K));
    const kept = sum(p, { axis: -1, keepAxes: true });
    const share = div(p, broadcastTo(kept, p.shape));
    const terms = select(less(0, share), mul(share, log(share)), 0);
    const x = maximum(div(neg(sum(terms, { axis: -1 })), Math.log(K)), 0);
    return a === 1 ? x : square(x);
  };

const easyFirst =
  (tauOf: (losses: readonly number[]) => number) =>
  (seen: Seen): Tensor =>
    exp(div(neg(meanOf(seen.frozenSurprise, seen)), tauOf(seen.losses)));
const median = (numbers: readonly number[]): number => {
  const sorted = numbers.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? at(sorted, half) : (at(sorted, half - 1) + at(sorted, half)) / 2;
};

/** How much likelier the label is than it was. */
const ratio = ({ surprise, frozenSurprise }: Seen): Tensor => exp(sub(frozenSurprise, surprise));

/** Every method's weight of the label: the table of N6. */
export const reweightings: readonly Reweighting[] = [
  { name: "SFT, w = 1", method: "sft", weight: ({ surprise }) => full(surprise.shape, 1) },
  { name: "DFT, w = p_θ(y)", method: "dft", weight: power(1) },
  {
    name: "the power family, w = p_θ(y)^½",
    ...{ method: "power", options: { power: 0.5 }, weight: power(0.5) },
  },
  {
    name: "the power family, w = p_θ(y)^2",
    ...{ method: "power", options: { power: 2 }, weight: power(2) },
  },
  {
    name: "a threshold, w = 1[p_θ(y) ≥ .1]",
    ...{ method: "threshold", options: { threshold: 0.1 } },
    weight: ({ surprise }) => atLeast(surprise, 0.1),
  },
  {
    name: "STM, w = 1[p_base(y) ≥ .4]",
    ...{ method: "stm", isMeanOfKept: true },
    weight: ({ frozenSurprise }) => atLeast(frozenSurprise, 0.4),
  },
  {
    name: "STM, w = 1[p_base(y) ≥ .1]",
    ...{ method: "stm", options: { threshold: 0.1 }, isMeanOfKept: true },
    weight: ({ frozenSurprise }) => atLeast(frozenSurprise, 0.1),
  },
  { name: "EAFT, w = H_20/ln 20", method: "eaft", weight: entropyOf(20, 1) },
  {
    name: "EAFT, w = (H_3/ln 3)^2",
    ...{ method: "eaft", options: { topK: 3, power: 2 }, weight: entropyOf(3, 2) },
  },
  {
    name: "TALR, w = max(p_θ(y)^(1/τ), .01), τ the sequence's mean loss",
    method: "talr",
    weight: (seen) => {
      const tau = maximum(meanOf(seen.surprise, seen), 1e-6);
      return maximum(exp(neg(div(seen.surprise, tau))), 0.01);
    },
  },
  {
    name: "TALR, w = max(p_θ(y)^(1/τ), .01), τ = 2",
    ...{ method: "talr", options: { tau: 2 } },
    weight: (seen) => maximum(power(1 / 2)(seen), 0.01),
  },
  {
    name: "FLOW, w = e^(−ℓ/τ), τ the median of ℓ",
    ...{ method: "flow", weight: easyFirst(median) },
  },
  {
    name: "FLOW, w = e^(−ℓ/τ), τ = 2",
    ...{ method: "flow", options: { tau: 2 }, weight: easyFirst(() => 2) },
  },
  {
    name: "forward ASFT, w = p_θ(y), β = .1",
    ...{ method: "asft", options: { beta: 0.1 }, beta: 0.1, leaves: true, weight: power(1) },
  },
  {
    name: "SFT + ½·KL(p_base‖p_θ), 3/2 times w = 2/3, β = 1/3",
    ...{ method: "klRegularized", options: { beta: 0.5, direction: "forward" } },
    ...{ weight: ({ surprise }) => full(surprise.shape, 2 / 3), beta: 1 / 3, times: 3 / 2 },
  },
  {
    name: "PSFT, w = p_θ(y)/p_old(y), 0 from 1.28 on",
    ...{ method: "psft", leaves: true },
    weight: (seen) => {
      const r = minimum(ratio(seen), 2); // float32 has no e^100
      return mul(r, less(r, 1.28));
    },
  },
  {
    name: "iw-SFT by tokens, w = p_θ(y)/p_base(y) within [.2, 1.8]",
    ...{ method: "iwSftTokens", leaves: true },
    weight: (seen) => minimum(maximum(ratio(seen), 0.2), 1.8),
  },
  {
    name: "iw-SFT by sequences, w = e^(mean log p_θ(y)/p_base(y)), at most 16",
    ...{ method: "iwSft", leaves: true },
    weight: (seen) => {
      const logRatio = sub(seen.frozenSurprise, seen.surprise);
      return exp(minimum(meanOf(logRatio, seen), Math.log(16)));
    },
  },
];
