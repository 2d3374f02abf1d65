/** The settings of a fine-tune, one row each: recipe files, the command line and its help read them. */
import { type Method, objectives } from "../anchored/objectives/methods.ts";
import type { Decay } from "../anchored/options.ts";
import { STATES_DTYPES, type StatesDtype } from "../anchored/targets/codedStates.ts";
import type { TargetsKind } from "../anchored/targets/kinds.ts";
import { BACKENDS, type Backend } from "../engines/create.ts";
import { WEIGHTS_DTYPES } from "./keptAs.ts";
import {
  type DefaultedMethodSettings,
  methodSettings,
  type OpenMethodSettings,
} from "./methodSettings.ts";
import {
  between,
  type DefaultedSetting,
  flag,
  fromZero,
  inLines,
  oneOf,
  open,
  positive,
  row,
  type Setting,
  share,
  text,
  whole,
} from "./settingKinds.ts";

export type { Setting } from "./settingKinds.ts";

/** WiSE-FT is no training: the model between base and SFT in the space of weights. */
const methods = [...(Object.keys(objectives) as Method[]), "merge"] as const;

/** Whether gradients compute each block again: where the memory is too small otherwise, always, never. */
export type Recomputation = "auto" | "block" | "none";

export type FinetuneMethod = Method | "merge";

/** Settings that have a value where nothing is said; what they mean is in `settings`. */
export interface DefaultedSettings extends DefaultedMethodSettings {
  readonly method: FinetuneMethod;
  readonly epochs: number;
  readonly outer: number;
  readonly inner: number;
  readonly alpha: number;
  readonly interpolation: "logit" | "probability";
  readonly temperature: number;
  readonly beta: number;
  readonly direction: "forward" | "reverse";
  readonly kdRatio: number;
  readonly labelSmoothing: number;
  readonly replayShare: number;
  readonly loraTargets: string;
  readonly rslora: boolean;
  readonly dora: boolean;
  readonly full: boolean;
  readonly weights: "f32" | "bf16";
  readonly batch: number;
  readonly maxLength: number;
  readonly packing: "batch" | "rows" | "none";
  readonly warmup: number;
  readonly decay: Decay;
  readonly weightDecay: number;
  readonly clip: number;
  readonly certified: number;
  readonly lookRows: number;
  readonly samples: number;
  readonly newTokens: number;
  readonly retainAnswers: "given" | "base";
  readonly keep: "last" | "best";
  readonly checkpointEvery: number;
  readonly seed: number;
  readonly backend: Backend;
  readonly gradientCheckpointing: Recomputation;
}

/** The others. */
export interface OpenSettings extends OpenMethodSettings {
  readonly model: string;
  readonly data: string;
  readonly retain: string;
  readonly eval: string;
  readonly evalShare: number;
  readonly maxSteps: number;
  readonly alphaRisk: number;
  readonly alphaConfidence: number;
  readonly dtype: (typeof WEIGHTS_DTYPES)[number];
  readonly lora: number;
  readonly loraAlpha: number;
  readonly modulesToSave: string;
  readonly microBatch: number;
  readonly learningRate: number;
  readonly targets: TargetsKind;
  readonly statesDtype: StatesDtype;
  readonly lookEvery: number;
  readonly patience: number;
}

/** What may be said. */
export type RecipeOptions = Partial<DefaultedSettings & OpenSettings>;

export type SettingName = keyof DefaultedSettings | keyof OpenSettings;

export const settings: {
  readonly [N in keyof DefaultedSettings]: DefaultedSetting<DefaultedSettings[N]>;
} & { readonly [N in keyof OpenSettings]: Setting<OpenSettings[N]> } = {
  model: open(
    text("<folder|org/name>"),
    "the checkpoint: a folder, a .gguf file, or a model of the Hub",
  ),
  data: open(
    text("<file>"),
    "what to learn: JSONL, JSON, CSV or Parquet of conversations, prompts and\ncompletions, or texts",
  ),
  retain: open(
    text("<file>"),
    "what to keep, of the same form: only looked at, unless it is replayed",
  ),
  eval: open(text("<file>"), "held-out rows of the task; the data's first rows without it"),
  evalShare: open(
    between,
    "in place of --eval: the share of the data's rows that is held out, drawn by\nthe seed",
  ),
  method: row(
    { ...oneOf(...methods), value: "<name>" },
    `how to train, anchored by default:\n${inLines(methods)}`,
    "anchored",
  ),
  epochs: row(
    positive,
    "of SFT, and of methods without outer steps, or a part of one, such as 0.5;\n3 by default",
    3,
  ),
  outer: row(whole(1), "T, times that the anchor is made anew; 2 by default", 2),
  inner: row(whole(1), "K, epochs of each outer step; 5 by default", 5),
  maxSteps: open(
    whole(1),
    "in place of --epochs and --inner: the optimizer steps of SFT, of a method\nwithout outer steps, and of each outer step",
  ),
  alpha: row(share(), "weight of the SFT model in the anchor, or in merge; 0.25 by default", 0.25),
  alphaRisk: open(
    between,
    "in place of --alpha: the share of the base's answers that the anchor may lose;\nhalf of --retain's prompts certify the weight, the student is audited on the\nothers after each outer step",
  ),
  alphaConfidence: open(between, "with which --alpha-risk is kept; 0.95 by default"),
  interpolation: row(oneOf("logit", "probability"), "the anchor's path; logit by default", "logit"),
  temperature: row(positive, "divides logits before they are compared; 1 by default", 1),
  beta: row(
    fromZero,
    "weight of the penalty (asft, klRegularized, l2sp) or of jsd's teacher;\n0.1 by default",
    0.1,
  ),
  direction: row(
    oneOf("forward", "reverse"),
    "of the divergence from the base; forward by default",
    "forward",
  ),
  kdRatio: row(share(), "of the teacher's term against the label's; 1 by default", 1),
  ...methodSettings,
  labelSmoothing: row(share(true), "of SFT's cross-entropy; 0 by default", 0),
  replayShare: row(
    share(true),
    "share of --retain rows in a batch of replay; 0.25 by default",
    0.25,
  ),
  dtype: open(
    oneOf(...WEIGHTS_DTYPES),
    "how the frozen model's matrices are held; by default as its files have\nthem on wasm, f32 elsewhere",
  ),
  lora: open(whole(1, 4096), "rank of the adapter; 16 by default"),
  loraAlpha: open(positive, "α of the adapter's scale; twice the rank by default"),
  loraTargets: row(
    text("<names|all-linear>"),
    "modules that get adapters, with commas; all-linear by default",
    "all-linear",
  ),
  modulesToSave: open(
    text("<names>"),
    "modules that are trained and saved whole, with commas: lm_head where a\nmodel is to learn tokens that it never said, such as a new end of a turn",
  ),
  rslora: row(flag, "scale by α/√r", false),
  dora: row(flag, "train magnitudes apart", false),
  full: row(flag, "train all parameters instead of an adapter", false),
  weights: row(
    oneOf("f32", "bf16"),
    "how what is trained is kept: bf16 rounds it, and Adam's moments, after\neach step; f32 by default",
    "f32",
  ),
  batch: row(whole(1), "examples a step; 8 by default", 8),
  microBatch: open(
    whole(1),
    "examples at a time, whose gradients are added up; the batch by default",
  ),
  maxLength: row(
    whole(2),
    "most tokens of an example, longer ones are cut; 1024 by default, or the\nmodel's context",
    1024,
  ),
  packing: row(
    oneOf("batch", "rows", "none"),
    "what shares a sequence, each blind to the others: the examples of a\nbatch, on wasm, where that leaves the padding out; or rows up to\n--max-length, so that --batch counts sequences; batch by default",
    "batch",
  ),
  learningRate: open(positive, "2e-4 by default for adapters, 2e-5 for --full"),
  warmup: row(share(), "share of the steps in which the rate rises; 0.05 by default", 0.05),
  decay: row(
    oneOf("linear", "cosine", "constant"),
    "of the rate after that; cosine by default",
    "cosine",
  ),
  weightDecay: row(fromZero, "AdamW's; 0 by default", 0),
  clip: row(positive, "largest norm of the gradients; 1 by default", 1),
  targets: open(oneOf("rows", "hidden", "recompute"), "where anchors come from; chosen by default"),
  statesDtype: open(
    oneOf(...STATES_DTYPES),
    "how anchors are kept as hidden states: 4 bytes a number, or 2; chosen by\ntheir size",
  ),
  certified: row(whole(0), "examples at which outer steps are certified; 64 by default", 64),
  lookEvery: open(
    whole(0),
    "steps between looks at --retain and --eval, 0 for none before a stage's\nend; an eighth of a stage by default",
  ),
  keep: row(
    oneOf("last", "best"),
    "what a stage leaves: its last step, or of its looks, or outer steps, the one\nof least log-loss on the held-out rows of --eval or --eval-share; last by\ndefault",
    "last",
  ),
  patience: open(
    whole(1),
    "with --keep best: looks, or outer steps, in a row without a better one,\nafter which a stage ends; all by default",
  ),
  lookRows: row(whole(1), "rows of each that are looked at; 64 by default", 64),
  samples: row(whole(0), "prompts of each that are answered; 8 by default", 8),
  newTokens: row(whole(1), "most tokens of such an answer; 64 by default", 64),
  retainAnswers: row(
    oneOf("given", "base"),
    "look at --retain's answers, or at the base's own greedy ones; given by\ndefault",
    "given",
  ),
  checkpointEvery: row(
    whole(1),
    "steps between checkpoints, beside one a minute; 100 by default",
    100,
  ),
  gradientCheckpointing: row(
    oneOf("auto", "block", "none"),
    "compute each block again for its gradient instead of keeping it; auto, by\ndefault, where the memory is too small otherwise",
    "auto",
  ),
  seed: row(whole(0, 2 ** 31 - 1), "of everything random; 0 by default", 0),
  backend: row(
    oneOf(...BACKENDS),
    "what computes; auto by default: a hardware GPU, else wasm",
    "auto",
  ),
};
