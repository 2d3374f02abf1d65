import { heeds, type MethodsOwn, methodsOwn, requires } from "../../anchored/objectives/kinds.ts";
import { type Method, objectives } from "../../anchored/objectives/methods.ts";
import { hasReference, isAnchored } from "../../anchored/objectives/objective.ts";
import type { FineTuneOptions } from "../../anchored/options.ts";
import { planFineTune } from "../../anchored/plan.ts";
import type { Params } from "../../nn/config.ts";
import type { Transformer } from "../../nn/transformer.ts";
import { fold, type Key } from "../../tensor/random.ts";
import type { FinetuneData } from "../check.ts";
import type { LoadedModel } from "../load.ts";
import { type FinetuneRecipe, replays, riskOf } from "../recipe.ts";

/** Whether a method starts from what SFT has found. */
export const needsSft = (method: FinetuneRecipe["method"]): boolean =>
  method === "merge" || method === "sft" || hasReference(objectives[method].target);

export type Training = Omit<FineTuneOptions, "checkpointEvery" | "resume" | "probeEvery">;

/** What training options are made from. */
export interface TrainingParts {
  readonly recipe: FinetuneRecipe;
  readonly model: Transformer;
  /** Where training starts. */
  readonly start: Params;
  readonly data: Pick<FinetuneData, "train" | "replay" | "retained">;
  readonly loaded: Pick<LoadedModel, "stopTokens">;
  readonly key: Key;
}

/** Keys of what is random, apart. */
export const keys = { adapter: 0, sft: 1, method: 2, retain: 3, own: 4, heldOut: 5 } as const;

function common(parts: TrainingParts): Omit<Training, "method" | "key"> {
  const { recipe, model, start, data } = parts;
  const { learningRate, warmup, decay, weightDecay, clip, microBatch, targets, statesDtype } =
    recipe;
  const { weights, sam, updateShare } = recipe;
  const { examples } = data.train;
  return {
    ...{ model, base: start, data: examples, dropLast: false },
    ...{ learningRate, warmup, decay, weightDecay, clip, weights, sam, updateShare },
    batchSize: Math.min(recipe.batch, examples.length),
    ...(microBatch !== undefined && { microBatchSize: microBatch }),
    packing: recipe.packing === "batch" && ["wasm", "reference"].includes(recipe.backend),
    ...(targets !== undefined && { targets }),
    ...(statesDtype !== undefined && { statesDtype }),
    certified: Math.min(recipe.certified, examples.length),
  };
}

type Span = Pick<Training, "epochs" | "inner" | "maxSteps">;

/** How long SFT and methods without outer steps train; a fraction of an epoch is counted in steps, of which
 * the last one is whole. */
function spanOf({ epochs, maxSteps, batch }: FinetuneRecipe, examples: number): Span {
  if (maxSteps !== undefined) return { maxSteps };
  if (Number.isInteger(epochs)) return { epochs };
  // A tenth of thirty steps is three, though 0.1 · 30 is a little more.
  return { maxSteps: Math.ceil(epochs * Math.ceil(examples / batch) * (1 - 1e-12)) };
}

/** How long an outer step does. */
const innerSpanOf = ({ inner, maxSteps }: FinetuneRecipe): Span =>
  maxSteps === undefined ? { inner } : { maxSteps };

/** Options of the SFT stage. */
export function sftTraining(parts: TrainingParts): Training {
  const { recipe, data, key } = parts;
  const { labelSmoothing } = recipe;
  return {
    ...{ ...common(parts), method: "sft", labelSmoothing },
    ...spanOf(recipe, data.train.examples.length),
    key: fold(key, keys.sft),
  };
}

/** Options of the method's stage; undefined where it has nothing to train. */
export function methodTraining(parts: TrainingParts, reference: Params): Training | undefined {
  const { recipe, key, data, loaded } = parts;
  const { method, alpha, outer } = recipe;
  if (method === "sft" || method === "merge") return undefined;
  const { target } = objectives[method];
  const { stopTokens } = loaded;
  const [stopToken] = stopTokens;
  const { newTokens } = recipe;
  return {
    ...{ ...common(parts), method, restart: recipe.restart },
    ...heededOf(method, { ...recipe, alpha: riskOf(recipe) ?? alpha }),
    ...(data.retained && {
      retain: { plan: data.retained.plan, audit: data.retained.audit, newTokens, stopTokens },
    }),
    ...(isAnchored(target)
      ? { outer, ...innerSpanOf(recipe) }
      : spanOf(recipe, data.train.examples.length)),
    ...(hasReference(target) && { reference }),
    ...(replays(recipe) && { replay: data.replay, replayShare: shareOf(recipe) }),
    ...(stopToken !== undefined && { stopToken }),
    key: fold(key, keys.method),
  };
}

/** Share of prior rows in a batch; methods that only look at them have none unless it is said. */
export const shareOf = ({ method, replayFrom, replayShare }: FinetuneRecipe): number =>
  replayFrom !== undefined || requires(method, "replayShare") ? replayShare : 0;

/** What the method heeds of what recipes say about any. */
const heededOf = (
  method: Method,
  said: Pick<FineTuneOptions, MethodsOwn>,
): Partial<FineTuneOptions> =>
  Object.fromEntries(
    methodsOwn
      .filter((name) => said[name] !== undefined && heeds(method, name))
      .map((name) => [name, said[name]]),
  );

/** Steps of a stage. @throws DataError, RangeError, TypeError for what cannot be trained */
export const stepsOf = (training: Training | undefined): number =>
  training ? planFineTune(training).schedule.steps : 0;
