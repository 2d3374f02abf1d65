import type { Method } from "../objectives/methods.ts";

/** A method's loss in words that need no program. */
export interface Formula {
  /** Token by token unless it says otherwise; `sg` stops the gradient. */
  readonly formula: string;
  /** Where it was published; absent for what is this package's own. */
  readonly source?: string;
}

const arXiv = (id: string): string => `https://arxiv.org/abs/${id}`;

/** Notation: y the label, p the student, b the base, s the reference (p_sft), o the student as it was
 * when it was last looked at, q the anchor, τ the temperature that divides all logits of a term. */
export const formulas: { readonly [M in Method]: Formula } = {
  sft: { formula: "-log p(y)" },
  dft: { formula: "-sg[p(y)] log p(y)", source: arXiv("2508.05629") },
  power: { formula: "-sg[p(y)^power] log p(y)", source: arXiv("2510.00526") },
  threshold: { formula: "-1[p(y) >= threshold] log p(y)", source: arXiv("2510.00526") },
  stm: {
    formula: "-log p(y) where b(y) >= threshold, the mean over those tokens alone",
    source: arXiv("2501.14315"),
  },
  eaft: {
    formula:
      "-sg[(H / ln K)^power] log p(y), H the entropy of the K = min(topK, V) likeliest tokens of p, renormalised",
    source: arXiv("2601.02151"),
  },
  talr: {
    formula:
      "-sg[max(p(y)^(1/tau), 0.01)] log p(y); without tau the mean of -log p(y) over the token's sequence, not below 1e-6",
    source: arXiv("2509.20758"),
  },
  flow: {
    formula:
      "-w log p(y), w = exp(-l / tau), l the mean of -log b(y) over the token's sequence; without tau the median of l over all sequences",
    source: arXiv("2502.02797"),
  },
  iwSft: {
    formula: "-sg[w] log p(y), w = min(exp(power * mean over the sequence of log p(y)/b(y)), 16)",
    source: arXiv("2507.12856"),
  },
  iwSftTokens: {
    formula: "-sg[clip((p(y)/b(y))^power, 0.2, 1.8)] log p(y)",
    source: arXiv("2507.12856"),
  },
  psft: { formula: "-min(p(y)/o(y), 1 + clipRatio)", source: arXiv("2508.17784") },
  replay: { formula: "-log p(y), on prior examples too", source: arXiv("1811.11682") },
  klRegularized: {
    formula: "-log p(y) + beta D, D = KL(b || p) for direction forward, KL(p || b) for reverse",
  },
  asft: {
    formula:
      "-sg[p(y)] log p(y) + beta D, D = KL(b || p) for direction forward, KL(p || b) for reverse",
    source: arXiv("2509.23753"),
  },
  l2sp: {
    formula: "-log p(y); once a batch + beta/2 sum (params - baseParams)^2",
    source: arXiv("1802.01483"),
  },
  ewc: {
    formula: "-log p(y); once a batch + beta/2 sum fisher (params - baseParams)^2",
    source: arXiv("1612.00796"),
  },
  agem: {
    formula:
      "-log p(y) over the tokens that are not replayed; its gradient g with r, that of the mean over the replayed ones: g - min(g.r, 0)/(r.r) r",
    source: arXiv("1812.00420"),
  },
  jsd: {
    formula:
      "beta KL(s || m) + (1 - beta) KL(p || m), m = beta s + (1 - beta) p, at the temperature; KL(s || p) for beta 0, KL(p || s) for beta 1; times temperature^2 with temperatureSquared",
    source: arXiv("2306.13649"),
  },
  distillation: {
    formula:
      "kdRatio KL(s || p) at the temperature, times temperature^2 with temperatureSquared, - (1 - kdRatio) log p(y)",
  },
  anchored: {
    formula:
      "kdRatio KL(q || p) at the temperature, times temperature^2 with temperatureSquared, - (1 - kdRatio) log p(y); q ~ o^(1-alpha) s^alpha for the interpolation logit, (1-alpha) o + alpha s for probability, ~ ((1-alpha) o^r + alpha s^r)^(1/r) for { power: r }",
    source: arXiv("2605.04468"),
  },
  anchoredWeights: {
    formula:
      "as distillation, from the model whose weights lie between those of snapshot and reference",
  },
  onPolicy: {
    formula: "KL(q || p) as anchored, at tokens that the student has sampled itself",
    source: arXiv("2605.04468"),
  },
  onPolicyFresh: {
    formula: "KL(q || p) as anchored, at tokens that the student samples before each step",
    source: arXiv("2306.13649"),
  },
  moving: { formula: "as anchored, with sg[p] itself in place of o" },
};
