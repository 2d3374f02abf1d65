import type { Params } from "../nn/config.ts";
import type { Key } from "../tensor/random.ts";
import { checkBatchSize, checkExamples, type Example } from "../train/batches.ts";
import { checkWeight, type Interpolation } from "./objectives/interpolations.ts";
import { type Method, objectives } from "./objectives/methods.ts";
import { type Direction, hasReference, isAnchored } from "./objectives/objective.ts";
import type { LanguageModel } from "./targets/responseRows.ts";

/**
 * The reference's weight in the anchor: a number in [0, 1], or chosen at each outer step from a
 * budget in nats a token: the largest with which the anchor stays within it, mean KL(p_t ‖ q) ≤
 * budget at the tokens of the step. A run with a budget ends after the step with weight 1, which
 * aims at the reference itself, or after `outer` steps.
 */
export type Alpha = number | { readonly budget: number };

export interface FineTuneOptions {
  readonly model: LanguageModel;
  /** Where the student starts; on the host or resident, not consumed. */
  readonly base: Params;
  /** The fine-tuned model, for the methods that know one; not consumed. */
  readonly reference?: Params;
  readonly method: Method;
  readonly data: readonly Example[];
  readonly batchSize: number;
  /** Examples that pass through the model at a time: gradients of a batch are added up over its
   * micro-batches, each token weighing the same, and the memory of one is what a step needs. All
   * of the batch by default; changes no result but in its last digits. */
  readonly microBatchSize?: number;
  /** T, times that the anchor is made anew; 5 by default for a frozen anchor, else 1. */
  readonly outer?: number;
  /** K, epochs of each outer step; 5 by default. */
  readonly inner?: number;
  /** The same as `outer: 1, inner: epochs`. */
  readonly epochs?: number;
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
  /** Prior examples, which `"replay"` mixes into every batch. */
  readonly replay?: readonly Example[];
  /** Their share of a batch, in [0, 1): they come on top of its `batchSize` examples. */
  readonly replayShare?: number;
  /** At the end of the warm-up. */
  readonly learningRate: number;
  /** Share of all steps in which the rate rises; 0.05 by default. */
  readonly warmup?: number;
  /** How the rate goes on after the warm-up, over all steps; `"linear"` (to 0) by default. */
  readonly decay?: Decay;
  /** AdamW's; 0.9, 0.98, 1e-8 and 0 by default. */
  readonly b1?: number;
  readonly b2?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
  /** Largest global norm of the gradients; 1 by default, Infinity for none. */
  readonly clip?: number;
  /** Decides the order of the examples. */
  readonly key: Key;
  /** Losses are read back together, every so many steps; 1 by default. */
  readonly readEvery?: number;
  /** A look at the student after every so many steps; 0, none, by default. */
  readonly probeEvery?: number;
  /** Number of examples, from the first, at whose response tokens outer steps are certified; all
   * of them by default, 0 for no certificates. */
  readonly certified?: number;
  /** Number of prompts, from the first, to which the student samples responses at each outer step,
   * so that the step is certified over whole sequences too; 0 by default. `"onPolicy"` needs none:
   * it has all of them. */
  readonly sequences?: number;
  /** Ends a sampled response. */
  readonly stopToken?: number;
}

export type Decay = "linear" | "cosine" | "constant";

type Defaulted =
  | "outer"
  | "inner"
  | "alpha"
  | "interpolation"
  | "temperature"
  | "beta"
  | "direction"
  | "kdRatio"
  | "replay"
  | "replayShare"
  | "warmup"
  | "decay"
  | "b1"
  | "b2"
  | "epsilon"
  | "weightDecay"
  | "clip"
  | "readEvery"
  | "probeEvery"
  | "certified"
  | "sequences"
  | "microBatchSize";

/** Options without gaps, checked. */
export type FineTunePlan = Omit<FineTuneOptions, "epochs" | Defaulted> &
  Required<Pick<FineTuneOptions, Defaulted>> & {
    readonly stepsPerEpoch: number;
    /** Of the whole run. */
    readonly steps: number;
  };

/** Fills in defaults. @throws DataError, RangeError, TypeError naming what cannot be */
export function planFineTune({ epochs, ...options }: FineTuneOptions): FineTunePlan {
  const { data, batchSize, model, method } = options;
  if (epochs !== undefined && (options.outer !== undefined || options.inner !== undefined))
    throw new RangeError("fineTune: expected either epochs or outer and inner, got both");
  if (!Object.hasOwn(objectives, method))
    throw new RangeError(
      `fineTune: expected a method of ${Object.keys(objectives).join(", ")}, got ${method}`,
    );
  const objective = objectives[method];
  const given = {
    outer: epochs === undefined && isAnchored(objective.target) ? 5 : 1,
    inner: epochs ?? 5,
    alpha: 0.5,
    interpolation: "logit",
    temperature: 1,
    beta: 0.1,
    direction: "forward",
    kdRatio: 1,
    replay: [],
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
    certified: data.length,
    sequences: 0,
    microBatchSize: Infinity,
    ...options,
  } as const;
  checkExamples("fineTune", data, model.config);
  checkBatchSize("fineTune", data.length, batchSize);
  checkCount("outer", given.outer, 1);
  checkCount("inner", given.inner, 1);
  checkCount("readEvery", given.readEvery, 1);
  checkCount("probeEvery", given.probeEvery, 0);
  checkCount("certified", given.certified, 0);
  checkCount("sequences", given.sequences, 0);
  if (given.microBatchSize !== Infinity) checkCount("microBatchSize", given.microBatchSize, 1);
  checkWeight("fineTune", given.kdRatio, "kdRatio");
  checkReplay(method, given);
  const alpha = objective.alpha ?? given.alpha;
  checkAlpha(method, alpha);
  if (hasReference(objective.target) && !given.reference)
    throw new TypeError(`fineTune: expected a reference for the method ${method}, got none`);
  const stepsPerEpoch = Math.floor(data.length / batchSize);
  return { ...given, alpha, stepsPerEpoch, steps: given.outer * given.inner * stepsPerEpoch };
}

function checkAlpha(method: Method, alpha: Alpha): void {
  if (typeof alpha === "number") {
    checkWeight("fineTune", alpha);
    return;
  }
  if (!(alpha.budget >= 0))
    throw new RangeError(`fineTune: expected a budget ≥ 0, got ${alpha.budget}`);
  if (!["anchor", "sampledAnchor"].includes(objectives[method].target))
    throw new RangeError(`fineTune: expected alpha to be a number for ${method}, got a budget`);
}

function checkReplay(
  method: Method,
  { replay, replayShare, model }: Pick<FineTunePlan, "replay" | "replayShare" | "model">,
): void {
  if (!(replayShare >= 0 && replayShare < 1))
    throw new RangeError(`fineTune: expected 0 ≤ replayShare < 1, got ${replayShare}`);
  if (method !== "replay") return;
  checkExamples("fineTune replay", replay, model.config);
}

function checkCount(name: string, value: number, least: number): void {
  if (!(Number.isInteger(value) && value >= least))
    throw new RangeError(`fineTune: expected ${name} to be an integer ≥ ${least}, got ${value}`);
}
