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
    | "replayShare"
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

export const methodNames: Readonly<Record<Challenger, string>> = {
  anchored: "Anchored Learning",
  anchoredWeights: "Anchored, between weights",
  onPolicy: "Anchored, on its own answers",
  distillation: "Self-distillation (α = 1)",
  moving: "Anchor rebuilt at every step",
  asft: "ASFT",
  dft: "DFT",
  klRegularized: "SFT with a KL penalty",
  l2sp: "L2-SP, decay towards the base",
  replay: "Replay of prior examples",
  merge: "WiSE-FT, average of weights",
};

const all = Object.keys(methodNames) as readonly Challenger[];
const stepwise: readonly Challenger[] = ["anchored", "anchoredWeights", "onPolicy"];
const decades = {
  to: (value: number) => Math.log10(value),
  from: (at: number) => Number((10 ** at).toPrecision(2)),
};

export const knobs: readonly Knob[] = [
  {
    ...{ field: "alpha", label: "α, the reference's weight in the anchor" },
    about: "0 stays at the snapshot, 1 copies p_sft.",
    ...{ min: 0, max: 1, step: 0.05, methods: [...stepwise, "moving"] },
  },
  {
    ...{ field: "budget", label: "δ, budget of an outer step" },
    about: "Nats a token; chooses α anew at each outer step. 0 leaves α as it is set.",
    ...{ min: 0, max: 1, step: 0.01, methods: ["anchored"] },
  },
  {
    ...{ field: "outer", label: "T, outer steps" },
    about: "How often the snapshot is taken and the anchor moves.",
    ...{ min: 1, max: 10, step: 1, methods: stepwise },
  },
  {
    ...{ field: "inner", label: "K, epochs in each" },
    about: "How long the student trains towards each anchor.",
    ...{ min: 1, max: 10, step: 1, methods: stepwise },
  },
  {
    ...{ field: "temperature", label: "τ, temperature" },
    about: "Divides all logits before they are compared.",
    ...{ min: 0.5, max: 4, step: 0.1, methods: ["anchored"] },
  },
  {
    ...{ field: "beta", label: "β, weight of the penalty" },
    about: "Of what is added to the loss to stay near the base.",
    ...{ min: 0, max: 1, step: 0.01, methods: ["asft", "klRegularized", "l2sp"] },
  },
  {
    ...{ field: "weight", label: "Weight of p_sft's parameters" },
    about: "WiSE-FT averages the weights of the base and of p_sft.",
    ...{ min: 0, max: 1, step: 0.05, methods: ["merge"] },
  },
  {
    ...{ field: "replayShare", label: "Share of a batch" },
    about: "Examples of the prior skills that come on top of each batch.",
    ...{ min: 0.05, max: 0.75, step: 0.05, methods: ["replay"] },
  },
  {
    ...{ field: "learningRate", label: "Learning rate" },
    about: "The same for both methods.",
    ...{ min: -4, max: -1.7, step: 0.01, scale: decades, methods: all },
  },
];

/** What the knobs amount to, in a sentence. */
export function consequence({ method, alpha, budget, outer }: Setup): string {
  if (!stepwise.includes(method)) return "";
  if (budget > 0 && method === "anchored")
    return "α is chosen so that an exact step stays within the budget.";
  const total = 1 - (1 - alpha) ** outer;
  return `After T exact steps p_sft has the weight 1 − (1 − α)^T = ${total.toFixed(2)}.`;
}
