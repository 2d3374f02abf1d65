import type { Challenger, Setup } from "./setup.ts";

/** A number that a slider sets. */
export interface Knob {
  readonly field:
    | "alpha"
    | "budget"
    | "outer"
    | "inner"
    | "temperature"
    | "beta"
    | "weight"
    | "learningRate";
  readonly label: string;
  /** What turning it does. */
  readonly about: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** Where the slider stands for a value, and back; the value itself by default. */
  readonly scale?: {
    readonly to: (value: number) => number;
    readonly from: (at: number) => number;
  };
  readonly methods: readonly Challenger[];
}

const all: readonly Challenger[] = ["anchored", "distillation", "moving", "asft", "dft", "merge"];
const decades = {
  to: (value: number) => Math.log10(value),
  from: (at: number) => Number((10 ** at).toPrecision(2)),
};

export const knobs: readonly Knob[] = [
  {
    ...{ field: "alpha", label: "α, the reference's weight in the anchor" },
    about: "0 stays at the snapshot, 1 copies p_sft.",
    ...{ min: 0, max: 1, step: 0.05, methods: ["anchored", "moving"] },
  },
  {
    ...{ field: "budget", label: "δ, budget of an outer step" },
    about: "Nats a token; chooses α anew at each outer step. 0 leaves α as it is set.",
    ...{ min: 0, max: 1, step: 0.01, methods: ["anchored"] },
  },
  {
    ...{ field: "outer", label: "T, outer steps" },
    about: "How often the snapshot is taken and the anchor moves.",
    ...{ min: 1, max: 10, step: 1, methods: ["anchored"] },
  },
  {
    ...{ field: "inner", label: "K, epochs in each" },
    about: "How long the student trains towards each anchor.",
    ...{ min: 1, max: 10, step: 1, methods: ["anchored"] },
  },
  {
    ...{ field: "temperature", label: "τ, temperature" },
    about: "Divides all logits before they are compared.",
    ...{ min: 0.5, max: 4, step: 0.1, methods: ["anchored"] },
  },
  {
    ...{ field: "beta", label: "β, weight of the divergence from the base" },
    about: "What ASFT adds to its loss.",
    ...{ min: 0, max: 1, step: 0.01, methods: ["asft"] },
  },
  {
    ...{ field: "weight", label: "Weight of p_sft's parameters" },
    about: "WiSE-FT averages the weights of the base and of p_sft.",
    ...{ min: 0, max: 1, step: 0.05, methods: ["merge"] },
  },
  {
    ...{ field: "learningRate", label: "Learning rate" },
    about: "The same for both methods.",
    ...{ min: -4, max: -1.7, step: 0.01, scale: decades, methods: all },
  },
];

export const methodNames: Readonly<Record<Challenger, string>> = {
  anchored: "Anchored Learning",
  distillation: "Self-distillation (α = 1)",
  moving: "Anchor rebuilt at every step",
  asft: "ASFT",
  dft: "DFT",
  merge: "WiSE-FT (average of weights)",
};

/** What the knobs amount to, in a sentence. */
export function consequence({ method, alpha, budget, outer }: Setup): string {
  if (method !== "anchored") return "";
  if (budget > 0) return "α is chosen so that an exact step stays within the budget.";
  const total = 1 - (1 - alpha) ** outer;
  return `After T exact steps p_sft has the weight 1 − (1 − α)^T = ${total.toFixed(2)}.`;
}
