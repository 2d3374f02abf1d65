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
  onPolicy: { label: "Anchored, on-policy", short: "On-policy" },
  distillation: { label: "Self-distillation", short: "Self-distillation" },
  moving: { label: "Anchor rebuilt at every step", short: "Every-step anchor" },
  asft: { label: "ASFT", short: "ASFT" },
  dft: { label: "DFT", short: "DFT" },
  klRegularized: { label: "SFT with a KL penalty", short: "SFT + KL" },
  l2sp: { label: "L2-SP", short: "L2-SP" },
  replay: { label: "Replay of base data", short: "Replay" },
  jsd: { label: "GKD, generalised JSD", short: "GKD, JSD" },
  sft: { label: "Ordinary fine-tuning (SFT)", short: "SFT" },
};
