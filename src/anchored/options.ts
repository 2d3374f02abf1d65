import type { Params } from "../nn/config.ts";
import type { Decays } from "../optim/adamw.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { Schedule } from "../optim/schedules.ts";
import type { Key } from "../tensor/random.ts";
import type { Example } from "../train/examples.ts";
import type { Every } from "../train/trainSteps.ts";
import type { Risk } from "./certificates/retention.ts";
import type { Interpolation } from "./objectives/interpolations.ts";
import type { Method } from "./objectives/methods.ts";
import type { Direction, Objective } from "./objectives/objective.ts";
import type { FineTuneCheckpoint } from "./resume.ts";
import type { Retain } from "./retention/retain.ts";
import type { StatesDtype } from "./targets/codedStates.ts";
import type { TargetsKind } from "./targets/kinds.ts";
import type { LanguageModel } from "./targets/languageModel.ts";

/**
 * The reference's weight in the anchor: a number in [0, 1], or chosen at each outer step from a
 * budget in nats a token: the largest with which the anchor stays within it, mean KL(p_t ‖ q) ≤
 * budget at the tokens of the step. A run with a budget ends after the step with weight 1, which
 * aims at the reference itself, or after `outer` steps.
 *
 * With a risk the weight is certified before training, from the prompts of `retain.plan`: with the
 * confidence the exact anchor of the whole run, of total weight a*, loses no more than that share of the
 * base's greedy answers to prompts drawn like these (see `certifiedWeight`); each of the T outer steps
 * takes 1 − (1 − a*)^(1/T). It says nothing about a student that does not reach its anchor: that is what
 * `retain.audit` is for.
 */
export type Alpha = number | { readonly budget: number } | Risk;

/** What `fineTune` starts from, learns and keeps to, and by which method. */
export interface FineTuneOptions {
  readonly model: LanguageModel;
  /** Where the student starts; on the host or resident, not consumed. */
  readonly base: Params;
  /** The fine-tuned model, for the methods that know one; not consumed. */
  readonly reference?: Params;
  /** A name, or an objective of one's own. */
  readonly method: Method | Objective;
  readonly data: readonly Example[];
  readonly batchSize: number;
  /** Examples that pass through the model at a time: gradients of a batch are added up over its
   * micro-batches, each token weighing the same, and the memory of one is what a step needs. All
   * of the batch by default; changes no result but in its last digits. */
  readonly microBatchSize?: number;
  /** Whether the examples of a micro-batch stand behind one another in one row, each blind to the
   * others, so that there is hardly any padding; false by default. Changes no result but in its last
   * digits. Pays on wasm, whose attention leaves out what is not seen; GPUs compute it all. */
  readonly packing?: boolean;
  /** Whether the examples of an epoch that fill no batch are left out, as most loops do; else they
   * make a smaller one. True by default. */
  readonly dropLast?: boolean;
  /** T, times that the anchor is made anew; 5 by default for a frozen anchor, else 1. */
  readonly outer?: number;
  /** K, epochs of each outer step; 5 by default. */
  readonly inner?: number;
  /** The same as `outer: 1, inner: epochs`. */
  readonly epochs?: number;
  /** In place of `inner` or `epochs`: the optimizer steps of each outer step, which go through the data as
   * often as they need, and may end within an epoch. */
  readonly maxSteps?: number;
  /** 0.5 by default. */
  readonly alpha?: Alpha;
  /** `"logit"` by default. */
  readonly interpolation?: Interpolation;
  /** Divides all logits before they are compared; 1 by default. */
  readonly temperature?: number;
  /** The weight of what a method adds to its loss; in `"jsd"` the teacher's weight in the mixture,
   * from 0 for KL(p_sft ‖ p_θ) to 1 for KL(p_θ ‖ p_sft). 0.1 by default. */
  readonly beta?: number;
  /** Of the divergence from the base; `"forward"`, KL(p_base ‖ p_θ), by default. */
  readonly direction?: Direction;
  /** Weight of the teacher's term against the label's cross-entropy, in [0, 1]; 1 by default. */
  readonly kdRatio?: number;
  /** Of the label's cross-entropy, in [0, 1): the share of it that goes to the whole vocabulary; 0 by
   * default. `"dft"` and `"asft"`, which weigh by the label's probability, have none. */
  readonly labelSmoothing?: number;
  /** Whether divergences at a temperature τ are multiplied by τ²; false by default. */
  readonly temperatureSquared?: boolean;
  /** Exponent of the weights of `"power"`, `"eaft"`, `"iwSft"` and `"iwSftTokens"`; 1 by default. */
  readonly power?: number;
  /** The least probability of labels that `"threshold"` and `"stm"` learn, in [0, 1]; 0.4 by default. */
  readonly threshold?: number;
  /** K, the likeliest tokens whose entropy `"eaft"` takes; 20 by default. */
  readonly topK?: number;
  /** ε of `"psft"`: a label is made 1 + ε times as likely as it was, and no more; 0.28 by default. */
  readonly clipRatio?: number;
  /** Steps after which `"psft"` compares with the student as it then is; 8 by default. */
  readonly period?: number;
  /** τ of `"flow"` and `"talr"`, nats a token; by default the median loss of the base on the examples,
   * and each sequence's own mean. */
  readonly tau?: number;
  /** λ of `"onPolicyFresh"`: the share of a batch that the student answers anew, in [0, 1]; 1 by
   * default. */
  readonly lambda?: number;
  /** At which the on-policy methods sample; by default the `temperature` of their loss. */
  readonly samplingTemperature?: number;
  /** Prior examples, which are mixed into every batch where there is a share; at their prompts `"ewc"`
   * samples the base. */
  readonly replay?: readonly Example[];
  /** Their share of a batch, in [0, 1): they come on top of its `batchSize` examples, and whatever the
   * method, their cross-entropy is learnt. 0 by default. */
  readonly replayShare?: number;
  /** `"outer"` begins each outer step with a fresh optimizer and with the schedule from its start, over
   * that step alone; `"never"` by default. */
  readonly restart?: "never" | "outer";
  /** ρ of sharpness-aware minimization: gradients are taken this far uphill; 0, none, by default. Each
   * step costs two. @see sharpnessAware */
  readonly sam?: number;
  /** Share of each tensor's entries that a step changes, those of largest momentum; 1 by default. Of
   * AdamW alone. @see mofo */
  readonly updateShare?: number;
  /** Computes the updates, after the gradients were clipped; AdamW by default. With another one
   * the options from `learningRate` to `decays` are its own business, and refused here. */
  readonly optimizer?: Optimizer;
  /** The learning rate at each step of the whole run, in place of `learningRate`, `warmup` and
   * `decay`. */
  readonly schedule?: Schedule;
  /** At the end of the warm-up; needed unless there is a `schedule` or an `optimizer`. */
  readonly learningRate?: number;
  /** Share of all steps in which the rate rises; 0.05 by default. */
  readonly warmup?: number;
  /** How the rate goes on after the warm-up, over all steps; `"linear"` (to 0) by default. */
  readonly decay?: Decay;
  /** AdamW's; 0.9, 0.98, 1e-8 and 0 by default. */
  readonly b1?: number;
  readonly b2?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
  /** Which parameters decay; all of them by default. `decaysMatrices` spares norms and biases. */
  readonly decays?: Decays;
  /** Largest global norm of the gradients; 1 by default, Infinity for none. */
  readonly clip?: number;
  /** `"bf16"` rounds what is trained, and what the optimizer remembers of it, to bf16 after each step and
   * keeps no float32 copy, see `rounded`: as runs do whose model was loaded in bf16. `"f32"` by default. */
  readonly weights?: "f32" | "bf16";
  /** Decides the order of the examples. */
  readonly key: Key;
  /** Losses are read back together, every so many steps; 1 by default. */
  readonly readEvery?: number;
  /** A look at the student after every so many steps; 0, none, by default. */
  readonly probeEvery?: number;
  /** A checkpoint, to `resume` from, after every so many steps, or after those for which the function
   * says so; none by default. */
  readonly checkpointEvery?: Every;
  /** Goes on from a checkpoint of a run with the same options. */
  readonly resume?: FineTuneCheckpoint;
  /** Number of examples, from the first, at whose response tokens outer steps are certified; all
   * of them by default, 0 for no certificates. */
  readonly certified?: number;
  /** Number of prompts, from the first, to which the student samples responses at each outer step,
   * so that the step is certified over whole sequences too; 0 by default. `"onPolicy"` needs none:
   * it has all of them. */
  readonly sequences?: number;
  /** Prompts whose answers by the base are to be kept: `alpha` plans by one half of them, and after each
   * outer step the student is audited on the other. They are answered before training, and never
   * trained on. */
  readonly retain?: Retain;
  /** Where what batches are compared with comes from, see `TargetsKind`; by default hidden states
   * where they are exact, as over a frozen base, else rows while they take less than 2 GiB, else
   * recomputation. Every measurement of an outer step says which. */
  readonly targets?: TargetsKind;
  /** How hidden states are kept, see `StatesDtype`; by default as they are while they take less than
   * 1 GiB, else in half of it. */
  readonly statesDtype?: StatesDtype;
  /** Ends a sampled response. */
  readonly stopToken?: number;
}

/** How the learning rate goes from its peak to the end of a run. */
export type Decay = "linear" | "cosine" | "constant";

/** What options are where nothing is said, but for `outer`, which depends on the method. */
export const defaults = {
  inner: 5,
  alpha: 0.5,
  interpolation: "logit",
  temperature: 1,
  beta: 0.1,
  direction: "forward",
  kdRatio: 1,
  labelSmoothing: 0,
  temperatureSquared: false as boolean,
  power: 1,
  threshold: 0.4,
  topK: 20,
  clipRatio: 0.28,
  period: 8,
  lambda: 1,
  restart: "never",
  sam: 0,
  updateShare: 1,
  dropLast: true as boolean,
  replay: [] as readonly Example[],
  replayShare: 0,
  warmup: 0.05,
  decay: "linear",
  b1: 0.9,
  b2: 0.98,
  epsilon: 1e-8,
  weightDecay: 0,
  clip: 1,
  readEvery: 1,
  probeEvery: 0,
  checkpointEvery: Infinity as Every,
  certified: Infinity as number,
  sequences: 0,
  microBatchSize: Infinity as number,
  packing: false as boolean,
} as const;

type Defaulted = keyof typeof defaults;

/** Options without gaps. */
export type FilledOptions = Omit<FineTuneOptions, Defaulted> &
  Required<Pick<FineTuneOptions, Defaulted>>;

/** The options that have no default, each of them; a forgotten one does not compile. */
const without: { readonly [Name in Exclude<keyof FineTuneOptions, Defaulted>]-?: true } = {
  ...{ model: true, base: true, reference: true, method: true, data: true, batchSize: true },
  ...{ outer: true, epochs: true, maxSteps: true, optimizer: true, schedule: true },
  ...{
    learningRate: true,
    decays: true,
    key: true,
    stopToken: true,
    targets: true,
    statesDtype: true,
  },
  ...{ resume: true, weights: true, retain: true, tau: true, samplingTemperature: true },
};

/** All names that `fineTune` knows. */
export const optionNames: readonly string[] = [...Object.keys(without), ...Object.keys(defaults)];
