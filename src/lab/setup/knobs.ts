import { heeds } from "../../anchored/objectives/kinds.ts";
import { type Challenger, challengers } from "./challengers.ts";

/** Numbers that sliders set: settings of `fineTune`, the budget that may choose α, WiSE-FT's weight. */
export type KnobField =
  | "alpha"
  | "budget"
  | "outer"
  | "inner"
  | "temperature"
  | "beta"
  | "weight"
  | "replayShare"
  | "learningRate";

/** All that the page and its links need to know about a number. */
export interface Knob {
  /** What links call it, as short as it can be understood. */
  readonly link: string;
  readonly label: string;
  /** What turning it does. */
  readonly about: string;
  /** Where it stands unless the study says otherwise. */
  readonly initial: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** What a link may say, which goes farther than the slider. */
  readonly linked: readonly [min: number, max: number];
  readonly whole?: true;
  /** Where the slider stands for a value, and back; the value itself by default. */
  readonly scale?: {
    readonly to: (value: number) => number;
    readonly from: (at: number) => number;
  };
  readonly methods: readonly Challenger[];
}

const heeding = (setting: Parameters<typeof heeds>[1]): readonly Challenger[] =>
  challengers.filter((method) => heeds(method, setting));

const decades = {
  to: (value: number) => Math.log10(value),
  from: (at: number) => Number((10 ** at).toPrecision(2)),
};

/** A row for each number, in the order of the page. */
export const knobs: { readonly [F in KnobField]: Knob } = {
  alpha: {
    ...{ link: "alpha", label: "How far each step aims (α)" },
    about: "0 stays where the student is, 1 aims at ordinary fine-tuning itself.",
    ...{ initial: 0.25, min: 0, max: 1, step: 0.05, linked: [0, 1] },
    methods: heeding("alpha"),
  },
  budget: {
    ...{ link: "budget", label: "How far a step may go (δ)" },
    about: "In nats a token: α is then chosen anew at each step. 0 leaves α as it is set.",
    ...{ initial: 0, min: 0, max: 1, step: 0.01, linked: [0, 10], methods: ["anchored"] },
  },
  outer: {
    ...{ link: "T", label: "Number of steps (T)" },
    about: "How often the student is frozen and the anchor moves on.",
    ...{ initial: 2, min: 1, max: 10, step: 1, linked: [1, 20], whole: true },
    methods: heeding("outer"),
  },
  inner: {
    ...{ link: "K", label: "Training in each step (K)" },
    about: "Epochs that the student trains towards each anchor.",
    ...{ initial: 5, min: 1, max: 10, step: 1, linked: [1, 20], whole: true },
    methods: heeding("inner"),
  },
  temperature: {
    ...{ link: "temperature", label: "Softness of the comparison (τ)" },
    about: "A temperature: divides all logits before they are compared.",
    ...{ initial: 1, min: 0.5, max: 4, step: 0.1, linked: [0.1, 10] },
    methods: heeding("temperature"),
  },
  beta: {
    ...{ link: "beta", label: "Pull back to the base (β)" },
    about: "The weight of what is added to the loss to stay near the base.",
    ...{ initial: 0.1, min: 0, max: 1, step: 0.01, linked: [0, 10] },
    methods: heeding("beta"),
  },
  weight: {
    ...{ link: "weight", label: "Share of ordinary fine-tuning" },
    about: "WiSE-FT averages the weights of the base and of the fine-tuned model.",
    ...{ initial: 0.3, min: 0, max: 1, step: 0.05, linked: [0, 1], methods: ["merge"] },
  },
  replayShare: {
    ...{ link: "replay", label: "Old examples in each batch" },
    about: "The share of examples of prior skills that come on top.",
    ...{ initial: 0.25, min: 0.05, max: 0.75, step: 0.05, linked: [0, 0.9] },
    methods: heeding("replayShare"),
  },
  learningRate: {
    ...{ link: "rate", label: "Learning rate" },
    about: "How large a step of the optimizer is; the same for both methods.",
    ...{ initial: 3e-3, min: -4, max: -1.7, step: 0.01, linked: [1e-6, 1], scale: decades },
    methods: challengers,
  },
};

export const knobFields: readonly KnobField[] = Object.keys(knobs) as KnobField[];

/** A number for every knob. */
export const everyKnob = (
  make: (field: KnobField) => number,
): Readonly<Record<KnobField, number>> =>
  Object.fromEntries(knobFields.map((field) => [field, make(field)])) as Record<KnobField, number>;
