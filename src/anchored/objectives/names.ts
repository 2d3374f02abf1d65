import type { Method } from "./methods.ts";

/** What a method is called. */
export interface MethodName {
  /** Where it is chosen from a list, or stands for its family. */
  readonly label: string;
  /** Before its settings in the name of a row. */
  readonly short: string;
}

/** The methods' names, pure data, in the order in which they are offered. */
export const methodNames: { readonly [M in Method]: MethodName } = {
  anchored: { label: "Anchored Learning", short: "Anchored" },
  anchoredWeights: { label: "Anchored in weight space", short: "Anchor of weights" },
  onPolicy: { label: "Anchored, outer-step on-policy", short: "On-policy" },
  onPolicyFresh: { label: "Anchored, on-policy at every step", short: "Fresh on-policy" },
  distillation: { label: "Self-distillation", short: "Self-distillation" },
  moving: { label: "Anchor rebuilt at every step", short: "Every-step anchor" },
  asft: { label: "ASFT", short: "ASFT" },
  dft: { label: "DFT", short: "DFT" },
  power: { label: "Power of the probability", short: "Power" },
  threshold: { label: "Threshold of the own probability", short: "p ≥ c" },
  stm: { label: "STM, tokens the base finds likely", short: "STM" },
  eaft: { label: "EAFT, entropy-adaptive", short: "EAFT" },
  talr: { label: "TALR, token-adaptive", short: "TALR" },
  flow: { label: "FLOW, easy examples first", short: "FLOW" },
  iwSft: { label: "iw-SFT, by sequences", short: "iw-SFT" },
  iwSftTokens: { label: "iw-SFT, by tokens", short: "iw-SFT, tokens" },
  psft: { label: "PSFT, proximal", short: "PSFT" },
  klRegularized: { label: "SFT with a KL penalty", short: "SFT + KL" },
  l2sp: { label: "L2-SP", short: "L2-SP" },
  ewc: { label: "EWC, elastic weights", short: "EWC" },
  agem: { label: "A-GEM, projected gradients", short: "A-GEM" },
  replay: { label: "Replay of base data", short: "Replay" },
  jsd: { label: "GKD, generalised JSD", short: "GKD, JSD" },
  sft: { label: "Ordinary fine-tuning (SFT)", short: "SFT" },
};
