import type { Params } from "../nn/config.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { Schedule } from "../optim/schedules.ts";
import { expectKnown, expectNames } from "../tensor/options.ts";
import type { Key } from "../tensor/random.ts";
import { checkBatchSize, checkExamples, type Example } from "../train/batches.ts";
import type { Every } from "../train/trainSteps.ts";
import { checkWeight } from "./objectives/interpolations.ts";
import { type Method, objectives } from "./objectives/methods.ts";
import {
  hasReference,
  hasSpace,
  isAnchored,
  type Objective,
  type ObjectiveSettings,
} from "./objectives/objective.ts";
import {
  type Alpha,
  defaults,
  type FilledOptions,
  type FineTuneOptions,
  optionNames,
} from "./options.ts";
import type { FineTuneCheckpoint } from "./resume.ts";
import { isRisk, type RetainPlan, retainPlan } from "./retention/check.ts";
import { checkOptimizer, optimizerOf, scheduleOf } from "./schedule.ts";
import { STATES_DTYPES, type StatesDtype } from "./targets/codedStates.ts";
import { chooseTargets, type TargetsKind } from "./targets/kinds.ts";
import { type LanguageModel, type WeightSpace, weightSpaceOf } from "./targets/languageModel.ts";

/** What a run does, checked and without gaps. */
export interface Plan {
  readonly model: LanguageModel;
  readonly base: Params;
  /** p_sft; there where the method compares with it. */
  readonly reference: Params | undefined;
  readonly data: readonly Example[];
  readonly key: Key;
  readonly method: MethodPlan;
  readonly batch: BatchPlan;
  readonly schedule: SchedulePlan;
  /** Clipping included. */
  readonly optimizer: Optimizer;
  readonly certify: CertifyPlan;
  /** Undefined where no answers are to be kept. */
  readonly retain: RetainPlan | undefined;
  readonly targets: TargetsKind;
  /** Of hidden states; chosen by their size where it is undefined. */
  readonly statesDtype: StatesDtype | undefined;
  /** Of the model's weights, where the method looks at them. */
  readonly space: WeightSpace | undefined;
  readonly readEvery: number;
  readonly probeEvery: number;
  readonly checkpointEvery: Every;
  readonly resume: FineTuneCheckpoint | undefined;
}

export interface MethodPlan {
  readonly name: Method;
  readonly objective: Objective;
  readonly alpha: Alpha;
  /** For the losses; a budget's weight is in the targets, and NaN here, as a risk's is before it is
   * certified. */
  readonly settings: ObjectiveSettings;
}

export interface BatchPlan {
  readonly size: number;
  /** Whether the rest of an epoch that fills no batch is left out. */
  readonly dropLast: boolean;
  readonly microBatchSize: number;
  /** Whether the examples of a micro-batch share a row. */
  readonly packing: boolean;
  readonly replay: readonly Example[];
  /** Of these, examples in every batch. */
  readonly replayed: number;
}

export interface SchedulePlan {
  /** T, outer steps. */
  readonly outer: number;
  /** K, epochs of each. */
  readonly inner: number;
  readonly stepsPerEpoch: number;
  /** Of the whole run. */
  readonly steps: number;
  /** The learning rate; undefined where the optimizer has its own. */
  readonly rate: Schedule | undefined;
}

export interface CertifyPlan {
  /** Examples, from the first, at whose response tokens outer steps are certified. */
  readonly examples: number;
  /** Prompts that are answered for certificates of whole sequences. */
  readonly sequences: number;
  readonly stopToken: number | undefined;
}

/** Fills in defaults. @throws DataError, RangeError, TypeError naming what cannot be */
export function planFineTune(options: FineTuneOptions): Plan {
  expectNames("fineTune", options, optionNames);
  const { method, epochs } = options;
  if (!Object.hasOwn(objectives, method))
    throw new RangeError(
      `fineTune: expected a method of ${Object.keys(objectives).join(", ")}, got ${method}`,
    );
  if (epochs !== undefined && (options.outer !== undefined || options.inner !== undefined))
    throw new RangeError("fineTune: expected either epochs or outer and inner, got both");
  const objective = objectives[method];
  const given: FilledOptions = {
    ...defaults,
    ...(epochs !== undefined && { inner: epochs }),
    ...options,
  };
  const outer = given.outer ?? (epochs === undefined && isAnchored(objective.target) ? 5 : 1);
  const { model, base, reference, data, key, readEvery, probeEvery } = given;
  const { checkpointEvery, resume } = given;
  checkExamples("fineTune", data, model.config);
  checkBatchSize("fineTune", data.length, given.batchSize);
  checkCounts(given, outer);
  checkWeight("fineTune", given.kdRatio, "kdRatio");
  checkWeight("fineTune", given.labelSmoothing, "labelSmoothing");
  const alpha = objective.alpha ?? given.alpha;
  checkAlpha(method, alpha);
  if (hasReference(objective.target) && !reference)
    throw new TypeError(`fineTune: expected a reference for the method ${method}, got none`);
  const stepsPerEpoch = (given.dropLast ? Math.floor : Math.ceil)(data.length / given.batchSize);
  const steps = outer * given.inner * stepsPerEpoch;
  checkOptimizer(options);
  const rate = scheduleOf(given, steps);
  return {
    ...{ model, base, reference, data, key, readEvery, probeEvery, checkpointEvery, resume },
    method: {
      ...{ name: method, objective, alpha },
      settings: settingsOf(given, alpha),
    },
    batch: batchPlan(given),
    schedule: { outer, inner: given.inner, stepsPerEpoch, steps, rate },
    optimizer: optimizerOf(given, rate),
    certify: certifyPlan(given),
    retain:
      given.retain || isRisk(alpha)
        ? retainPlan(given.retain, {
            ...{ model, objective, alpha, interpolation: given.interpolation },
            ...{ stopToken: given.stopToken, certified: given.certified },
          })
        : undefined,
    targets: targetsOf(given),
    statesDtype: statesDtypeOf(given),
    space: hasSpace(objective) ? weightSpaceOf(model) : undefined,
  };
}

function settingsOf(given: FilledOptions, alpha: Alpha): ObjectiveSettings {
  const { interpolation, temperature, beta, direction, kdRatio, labelSmoothing } = given;
  const weight = typeof alpha === "number" ? alpha : NaN;
  return { alpha: weight, interpolation, temperature, beta, direction, kdRatio, labelSmoothing };
}

function batchPlan(given: FilledOptions): BatchPlan {
  const { method, batchSize, microBatchSize, dropLast, packing, replay, replayShare, model } =
    given;
  if (!(replayShare >= 0 && replayShare < 1))
    throw new RangeError(`fineTune: expected 0 ≤ replayShare < 1, got ${replayShare}`);
  const isReplay = method === "replay";
  if (isReplay) checkExamples("fineTune replay", replay, model.config);
  const replayed = isReplay ? Math.round((batchSize * replayShare) / (1 - replayShare)) : 0;
  return { size: batchSize, dropLast, microBatchSize, packing, replay, replayed };
}

function targetsOf(given: FilledOptions): TargetsKind {
  const targets = chooseTargets(given);
  if (targets === "recompute" && given.microBatchSize < given.batchSize)
    throw new RangeError("fineTune: expected whole batches with targets recompute, got parts");
  return targets;
}

function statesDtypeOf({ statesDtype }: FilledOptions): StatesDtype | undefined {
  if (statesDtype !== undefined && !STATES_DTYPES.includes(statesDtype))
    throw new RangeError(
      `fineTune: expected a statesDtype of ${STATES_DTYPES.join(", ")}, got ${statesDtype}`,
    );
  return statesDtype;
}

const certifyPlan = ({ certified, sequences, stopToken }: FilledOptions): CertifyPlan => ({
  ...{ examples: certified, sequences, stopToken },
});

function checkAlpha(method: Method, alpha: Alpha): void {
  if (typeof alpha === "number") {
    checkWeight("fineTune", alpha);
    return;
  }
  if (isRisk(alpha)) return; // see `retainPlan`
  expectKnown("fineTune alpha", alpha, ["budget"]);
  if (!(alpha.budget >= 0))
    throw new RangeError(`fineTune: expected a budget ≥ 0, got ${alpha.budget}`);
  if (!["anchor", "sampledAnchor"].includes(objectives[method].target))
    throw new RangeError(`fineTune: expected alpha to be a number for ${method}, got a budget`);
}

function checkCounts(given: FilledOptions, outer: number): void {
  checkCount("outer", outer, 1);
  checkCount("inner", given.inner, 1);
  checkCount("readEvery", given.readEvery, 1);
  checkCount("probeEvery", given.probeEvery, 0);
  if (given.certified !== Infinity) checkCount("certified", given.certified, 0);
  const { checkpointEvery: every } = given;
  if (typeof every === "number" && every !== Infinity) checkCount("checkpointEvery", every, 1);
  checkCount("sequences", given.sequences, 0);
  if (given.microBatchSize !== Infinity) checkCount("microBatchSize", given.microBatchSize, 1);
}

function checkCount(name: string, value: number, least: number): void {
  if (!(Number.isInteger(value) && value >= least))
    throw new RangeError(`fineTune: expected ${name} to be an integer ≥ ${least}, got ${value}`);
}
