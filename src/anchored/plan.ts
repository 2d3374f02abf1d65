import type { Params } from "../nn/config.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { Schedule } from "../optim/schedules.ts";
import { DataError } from "../tensor/errors.ts";
import { definedIn, expectKnown, expectNames, shown } from "../tensor/options.ts";
import type { Key } from "../tensor/random.ts";
import { at } from "../tensor/shapes.ts";
import { checkBatchSize } from "../train/batches.ts";
import { checkExamples, counts, type Example } from "../train/examples.ts";
import type { Every } from "../train/trainSteps.ts";
import {
  checkCounts,
  checkKinds,
  checkNumbers,
  expectGiven,
  expectSettings,
  expectSteps,
} from "./checks.ts";
import { checkWeight } from "./objectives/interpolations.ts";
import { objectiveOf } from "./objectives/kinds.ts";
import type { Method } from "./objectives/methods.ts";
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
  /** ρ of sharpness-aware minimization; 0 for none. */
  readonly sam: number;
  /** Whether what is trained is kept in bf16. */
  readonly rounds: boolean;
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

/** The method of a run with all its settings. */
export interface MethodPlan {
  readonly name: Method | "custom";
  readonly objective: Objective;
  readonly alpha: Alpha;
  /** Share of a batch that is sampled before each step, and at which temperature. */
  readonly sampling: { readonly lambda: number; readonly temperature: number };
  /** For the losses; a budget's weight is in the targets, and NaN here, as a risk's is before it is
   * certified. */
  readonly settings: ObjectiveSettings;
}

/** What the batches of a run are made of. */
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
  /** Whether they stand in rows of their own, because their loss is another than the method's. */
  readonly isApart: boolean;
}

/** How many steps a run takes, and at which rates. */
export interface SchedulePlan {
  /** T, outer steps. */
  readonly outer: number;
  /** K, epochs of each, of which the last may be cut short. */
  readonly inner: number;
  readonly stepsPerEpoch: number;
  /** Of each outer step. */
  readonly stepsPerOuter: number;
  /** Of the whole run. */
  readonly steps: number;
  /** Whether optimizer and schedule begin anew with each outer step. */
  readonly restarts: boolean;
  /** Steps between two snapshots, of methods that compare with one at labels. */
  readonly period: number;
  /** The learning rate; undefined where the optimizer has its own. */
  readonly rate: Schedule | undefined;
}

/** Where outer steps are certified. */
export interface CertifyPlan {
  /** Examples, from the first, at whose response tokens outer steps are certified. */
  readonly examples: number;
  /** Prompts that are answered for certificates of whole sequences. */
  readonly sequences: number;
  readonly stopToken: number | undefined;
}

/** Fills in defaults. @throws DataError, RangeError, TypeError naming what cannot be */
export function planFineTune(asked: FineTuneOptions): Plan {
  expectNames("fineTune", asked, optionNames);
  const options = definedIn(asked);
  const { method, epochs } = options;
  const objective = objectiveOf(method);
  const name = typeof method === "string" ? method : "custom";
  if (epochs !== undefined && (options.outer !== undefined || options.inner !== undefined))
    throw new RangeError("fineTune: expected either epochs or outer and inner, got both");
  const counted = (["epochs", "inner"] as const).find((name) => options[name] !== undefined);
  if (options.maxSteps !== undefined && counted !== undefined)
    throw new RangeError(`fineTune: expected either maxSteps or ${counted}, got both`);
  expectGiven(options);
  expectSettings(name, objective, options);
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
  expectCounting(given);
  checkCounts(given, outer);
  checkKinds(given);
  checkWeight("fineTune", given.kdRatio, "kdRatio");
  checkWeight("fineTune", given.labelSmoothing, "labelSmoothing");
  const alpha = objective.alpha ?? given.alpha;
  checkAlpha({ name, objective }, alpha);
  checkNumbers(given);
  if (hasReference(objective.target) && !reference)
    throw new TypeError(`fineTune: expected a reference for the method ${name}, got none`);
  const stepsPerEpoch = (given.dropLast ? Math.floor : Math.ceil)(data.length / given.batchSize);
  const { maxSteps } = given;
  const inner = maxSteps === undefined ? given.inner : Math.ceil(maxSteps / stepsPerEpoch);
  const stepsPerOuter = maxSteps ?? inner * stepsPerEpoch;
  const steps = outer * stepsPerOuter;
  expectSteps(steps);
  checkOptimizer(options);
  const restarts = given.restart === "outer";
  const rate = scheduleOf(given, restarts ? stepsPerOuter : steps);
  expectWhole(given, name, objective);
  return {
    ...{ model, base, reference, data, key, readEvery, probeEvery, checkpointEvery, resume },
    method: {
      ...{ name, objective, alpha },
      sampling: {
        lambda: given.lambda,
        temperature: given.samplingTemperature ?? given.temperature,
      },
      settings: settingsOf(given, alpha),
    },
    batch: batchPlan(given, name),
    schedule: {
      ...{ outer, inner, stepsPerEpoch, stepsPerOuter, steps },
      rate,
      restarts,
      period: given.period,
    },
    optimizer: optimizerOf(given, rate),
    sam: given.sam,
    rounds: given.weights === "bf16",
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
  const { temperatureSquared, power, threshold, topK, clipRatio, tau } = given;
  const weight = typeof alpha === "number" ? alpha : NaN;
  return {
    ...{ alpha: weight, interpolation, temperature, temperatureSquared, beta, direction, kdRatio },
    ...{ labelSmoothing, power, threshold, topK, clipRatio },
    ...(tau !== undefined && { tau }),
  };
}

function batchPlan(given: FilledOptions, method: MethodPlan["name"]): BatchPlan {
  const { batchSize, microBatchSize, dropLast, packing, replay, replayShare, model } = given;
  if (!(replayShare >= 0 && replayShare < 1))
    throw new RangeError(`fineTune: expected 0 ≤ replayShare < 1, got ${replayShare}`);
  const isReplay = method === "replay";
  if (isReplay || replayShare > 0 || objectiveOf(given.method).fisher)
    checkExamples("fineTune replay", replay, model.config);
  const replayed = Math.round((batchSize * replayShare) / (1 - replayShare));
  const isApart = replayed > 0 && !isReplay;
  return { size: batchSize, dropLast, microBatchSize, packing, replay, replayed, isApart };
}

/** @throws RangeError for what needs all of a batch */
function expectWhole(
  { microBatchSize, batchSize, sam, replayShare }: FilledOptions,
  name: string,
  { gradient }: Objective,
): void {
  const isInParts = microBatchSize < batchSize;
  if (isInParts && (sam > 0 || gradient))
    throw new RangeError(
      `fineTune: expected whole batches with ${sam > 0 ? "sam" : name}, whose gradient has two parts, got micro-batches of ${microBatchSize}`,
    );
  if (sam > 0 && gradient)
    throw new RangeError(
      `fineTune: expected no sam with ${name}, which has a gradient of its own, got ${sam}`,
    );
  if (gradient && replayShare === 0)
    throw new RangeError(`fineTune: expected a replayShare above 0 for ${name}, got 0`);
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

/** @throws DataError where a batch may come up in which no token counts, and whose mean is none */
function expectCounting({ data, batchSize, dropLast }: FilledOptions): void {
  const least = dropLast ? batchSize : data.length % batchSize || batchSize;
  const idle = [...data.keys()].filter((i) => !counts(at(data, i)));
  if (idle.length >= least)
    throw new DataError(
      `fineTune: expected a target that counts in any batch of ${least}, got weights of 0 alone in ${idle.length} examples, first in example ${idle[0]}`,
    );
}

function checkAlpha(
  { name, objective }: Pick<MethodPlan, "name" | "objective">,
  alpha: Alpha,
): void {
  if (typeof alpha !== "number" && (typeof alpha !== "object" || alpha === null))
    throw new TypeError(
      `fineTune: expected alpha to be a number, { budget } or { risk }, got ${shown(alpha)}`,
    );
  if (typeof alpha === "number") {
    checkWeight("fineTune", alpha);
    return;
  }
  if (isRisk(alpha)) return; // see `retainPlan`
  expectKnown("fineTune alpha", alpha, ["budget"]);
  if (!(alpha.budget >= 0))
    throw new RangeError(`fineTune: expected a budget ≥ 0, got ${alpha.budget}`);
  if (objective.target !== "anchor" && objective.target !== "sampledAnchor")
    throw new RangeError(`fineTune: expected alpha to be a number for ${name}, got a budget`);
}
