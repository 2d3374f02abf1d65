import { fineTune } from "../../anchored/fineTune.ts";
import { objectives } from "../../anchored/objectives/methods.ts";
import { hasReference, isAnchored } from "../../anchored/objectives/objective.ts";
import type { FineTuneOptions } from "../../anchored/options.ts";
import { planFineTune } from "../../anchored/plan.ts";
import type { Params } from "../../nn/config.ts";
import { fold } from "../../tensor/random.ts";
import type { RunDirectory } from "../files/directory.ts";
import type { FinetuneEvent, Line } from "./events.ts";
import { keys, type Prepared } from "./prepare.ts";

/** Whether a method starts from what SFT has found. */
export const needsSft = (method: Prepared["recipe"]["method"]): boolean =>
  method === "merge" || method === "sft" || hasReference(objectives[method].target);

type Training = Omit<FineTuneOptions, "checkpointEvery" | "resume" | "probeEvery">;

function common(prepared: Prepared): Omit<Training, "method" | "key"> {
  const { recipe, model, start, data } = prepared;
  const { learningRate, warmup, decay, weightDecay, clip, microBatch, targets, statesDtype } =
    recipe;
  const { weights } = recipe;
  const { examples } = data.train;
  return {
    ...{ model, base: start, data: examples, dropLast: false },
    ...{ learningRate, warmup, decay, weightDecay, clip, weights },
    batchSize: Math.min(recipe.batch, examples.length),
    ...(microBatch !== undefined && { microBatchSize: microBatch }),
    packing: recipe.packing === "batch" && ["wasm", "reference"].includes(recipe.backend),
    ...(targets !== undefined && { targets }),
    ...(statesDtype !== undefined && { statesDtype }),
    certified: Math.min(recipe.certified, examples.length),
  };
}

/** Options of the SFT stage. */
export function sftTraining(prepared: Prepared): Training {
  const { recipe, key } = prepared;
  const { epochs, labelSmoothing } = recipe;
  return {
    ...{ ...common(prepared), method: "sft", epochs, labelSmoothing },
    key: fold(key, keys.sft),
  };
}

/** Options of the method's stage; undefined where it has nothing to train. */
export function methodTraining(prepared: Prepared, reference: Params): Training | undefined {
  const { recipe, key, data, loaded } = prepared;
  const { method, alpha, outer, inner, epochs, interpolation, temperature, beta } = recipe;
  if (method === "sft" || method === "merge") return undefined;
  const { target } = objectives[method];
  const [stopToken] = loaded.stopTokens;
  return {
    ...{ ...common(prepared), method, alpha, interpolation, temperature, beta },
    ...{ direction: recipe.direction, kdRatio: recipe.kdRatio },
    ...(isAnchored(target) ? { outer, inner } : { epochs }),
    ...(hasReference(target) && { reference }),
    ...(method === "replay" && { replay: data.replay, replayShare: recipe.replayShare }),
    ...(stopToken !== undefined && { stopToken }),
    key: fold(key, keys.method),
  };
}

/** Steps of a stage. @throws DataError, RangeError, TypeError for what cannot be trained */
export const stepsOf = (training: Training | undefined): number =>
  training ? planFineTune(training).schedule.steps : 0;

/** What a stage works on. */
export interface StageOptions {
  readonly prepared: Prepared;
  readonly directory: RunDirectory;
  readonly signal: AbortSignal;
  /** `"sft"` or the method's name. */
  readonly stage: string;
  readonly training: Training;
  /** Whether what it tells is written down; not where it is done again. */
  readonly isLogged?: boolean;
}

/** Milliseconds after which a checkpoint is made at the latest. */
const MINUTE = 60_000;

/** Looks of a stage, where nothing is said. */
export const LOOKS = 8;

/** Trains, from the stage's checkpoint if it has one. @returns undefined where it was stopped */
export async function* trainStage({
  prepared,
  directory,
  signal,
  stage,
  training,
  isLogged = true,
}: StageOptions): AsyncGenerator<FinetuneEvent, Params | undefined> {
  const { engine, recipe, looker } = prepared;
  const steps = stepsOf(training);
  const probeEvery = isLogged ? (recipe.lookEvery ?? Math.ceil(steps / LOOKS)) : 0;
  const resume = isLogged ? await directory.resume() : undefined;
  let kept = Date.now();
  const isDue = (step: number): boolean =>
    signal.aborted || step % recipe.checkpointEvery === 0 || Date.now() - kept > MINUTE;
  async function* told(lines: readonly Line[]): AsyncGenerator<FinetuneEvent> {
    if (!isLogged) return;
    for (const line of lines) {
      await directory.log(line);
      yield line;
    }
  }
  const checkpointEvery = isLogged ? isDue : Infinity;
  const options = { ...training, probeEvery, checkpointEvery, ...(resume && { resume }) };
  for await (const m of fineTune(engine, options)) {
    if (m.kind === "end") return m.params;
    if (m.kind === "step") {
      const { step, loss, gradientNorm, learningRate, tokens, responseTokens, outer } = m;
      const sizes = { gradientNorm, learningRate, tokens, responseTokens };
      const isOuter = isAnchored(objectives[training.method].target);
      yield* told([
        { kind: "step", stage, step, steps, ...(isOuter && { outer }), loss, ...sizes },
      ]);
    } else if (m.kind === "probe") {
      // The last look comes with answers, when the stage has ended.
      if (m.step < steps) yield* told(await looker.look({ stage, step: m.step }, m.params, false));
    } else if (m.kind === "outer") {
      const { outer, alpha, targets, certificate } = m;
      yield* told([{ kind: "certificate", outer, alpha, targets, ...certificate }]);
    } else {
      await directory.keep(m);
      kept = Date.now();
      yield { kind: "checkpoint", stage, step: m.step };
      if (signal.aborted) return undefined;
    }
  }
  return undefined;
}
