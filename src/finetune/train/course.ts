import { dareMerge, tiesMerge } from "../../anchored/objectives/merges.ts";
import { interpolateWeights } from "../../anchored/objectives/weights.ts";
import type { Params } from "../../nn/config.ts";
import { interpolateWithBase } from "../../nn/lora/algebra.ts";
import { fold } from "../../tensor/random.ts";
import { hostCopy } from "../../train/trainSteps.ts";
import type { RunDirectory } from "../files/directory.ts";
import type { SftCache } from "../files/sftCache.ts";
import { operationsOf, speedOf } from "../speed.ts";
import type { FinetuneEvent, Line, PlanEvent, SavedEvent } from "./events.ts";
import { withOwnData } from "./ownData.ts";
import type { Prepared } from "./prepared.ts";
import { type StageOptions, type Trained, trainStage } from "./stages.ts";
import { keys, methodTraining, needsSft, sftTraining, stepsOf } from "./training.ts";
import { workOf } from "./work.ts";

/** What is going to happen. */
export function planOf(prepared: Prepared, versions: PlanEvent["versions"]): PlanEvent {
  const { recipe, data, loaded, memory, parameters, trainable, start } = prepared;
  const { train, rows, evalIsData } = data;
  const { left, truncated, tokens, targets, notes } = train;
  const sft = needsSft(recipe.method) ? stepsOf(sftTraining(prepared)) : 0;
  return {
    ...{ kind: "plan", model: recipe.model, rows, examples: train.examples.length },
    ...{ left, truncated, tokens, targets, parameters, trainable, evalIsData, versions },
    steps: sft + stepsOf(methodTraining(prepared, start)),
    memoryBytes: memory.total,
    ...(memory.isRecomputed && { gradientCheckpointing: true }),
    notes: [...loaded.warnings, ...notes],
  };
}

/** How long a run will take, about. */
export async function timeOf(prepared: Prepared): Promise<FinetuneEvent> {
  const { engine, loaded } = prepared;
  const speed = await speedOf(engine, loaded.base.config.width);
  return { kind: "estimate", seconds: operationsOf(workOf(prepared)) / speed };
}

/** Where a run keeps what it makes: a folder of the disk, or what a page has. */
export interface Place {
  readonly directory: Omit<RunDirectory, "close">;
  readonly sftCache: SftCache;
  /** Saves what was trained. */
  save(params: Params): Promise<SavedEvent>;
}

/** What is run. */
export interface Running {
  readonly prepared: Prepared;
  readonly place: Place;
  readonly plan: PlanEvent;
  /** Stops after the step at hand. */
  readonly signal: AbortSignal;
}

/** A whole run, stage after stage, from where its place says that it stands. */
export async function* courseOf(given: Running): AsyncGenerator<FinetuneEvent, void> {
  const { place, plan, signal } = given;
  const { directory } = place;
  const { standing, path } = directory;
  if (standing.stage === "done") {
    yield { kind: "finished", path };
    return;
  }
  const prepared = await withOwnData(given.prepared);
  const running = { ...given, prepared };
  const { looker, start, recipe } = prepared;
  const step = (await directory.resume())?.step ?? 0;
  if (standing.bytes > 0) yield { kind: "resumed", stage: standing.stage, step };
  else {
    yield* told(directory, [plan]);
    yield await timeOf(prepared);
    yield* told(directory, await looker.look({ stage: "base", step: 0 }, start, true));
    await directory.enter(needsSft(recipe.method) ? "sft" : "method");
  }
  const stage = { prepared, directory, signal };
  const reference = needsSft(recipe.method) ? yield* sft(running, stage) : start;
  if (!reference || signal.aborted) {
    yield { kind: "interrupted", path };
    return;
  }
  const trained = yield* method(running, stage, reference);
  if (!trained) {
    yield { kind: "interrupted", path };
    return;
  }
  yield* told(directory, [await place.save(trained), { kind: "end" }]);
  await directory.enter("done");
  yield { kind: "finished", path };
}

type Stage = Pick<StageOptions, "prepared" | "directory" | "signal">;

/** SFT: from the cache, or trained and kept there. */
async function* sft(
  { prepared, place: { directory, sftCache: cache } }: Running,
  stage: Stage,
): AsyncGenerator<FinetuneEvent, Params | undefined> {
  const { engine, looker } = prepared;
  const isNow = directory.standing.stage === "sft";
  const isBegun = directory.standing.checkpoint !== undefined;
  const known = isNow && isBegun ? undefined : await cache.load();
  const training = sftTraining(prepared);
  let trained: Trained | undefined;
  if (known) {
    const best = known.lines.find((line) => line.kind === "best");
    trained = { params: engine.put(known.params), step: best?.step ?? stepsOf(training) };
    if (isNow) {
      yield { kind: "reused", what: "sft", path: cache.path };
      yield* told(directory, known.lines);
    }
  } else {
    // Where the method has begun and the cache is gone, it is trained once more, to the same bits.
    const own = { ...stage, stage: "sft", training, isLogged: isNow };
    trained = yield* trainStage(own);
    if (!trained) return undefined;
    const all = isNow ? await directory.lines() : [];
    const lines = all.filter((line) => line.kind === "step" || line.kind === "best");
    if (isNow) await cache.save({ params: await hostCopy(engine, trained.params), lines });
  }
  const { params, step } = trained;
  if (isNow) {
    yield* told(directory, await looker.look({ stage: "sft", step }, params, true));
    await directory.enter("method");
  }
  return params;
}

/** The method, on what SFT has found. */
async function* method(
  { prepared, place: { directory } }: Running,
  stage: Stage,
  reference: Params,
): AsyncGenerator<FinetuneEvent, Params | undefined> {
  const { recipe, looker } = prepared;
  const training = methodTraining(prepared, reference);
  if (recipe.method === "sft") return reference;
  const trained = training
    ? yield* trainStage({ ...stage, stage: recipe.method, training })
    : { params: await merged(prepared, reference), step: 0 };
  if (!trained) return undefined;
  const { params, step } = trained;
  yield* told(directory, await looker.look({ stage: recipe.method, step }, params, true));
  return params;
}

/** WiSE-FT, TIES or DARE, in the space of weights. */
async function merged(
  { engine, adapter, loaded, base, recipe, key }: Prepared,
  reference: Params,
): Promise<Params> {
  const { mergeKind, mergeKeep: keep, mergeDrop: drop, alpha: weight } = recipe;
  if (mergeKind !== "wise") {
    const [from, to] = [await hostCopy(engine, base.params), await hostCopy(engine, reference)];
    return engine.put(
      mergeKind === "ties"
        ? tiesMerge(from, to, { weight, keep })
        : dareMerge(from, to, { weight, drop, key: fold(key, keys.method) }),
    );
  }
  const between = await engine.run((): Params => {
    if (!adapter) return interpolateWeights(base.params, reference, recipe.alpha);
    const tuned = { config: adapter, params: reference };
    return interpolateWithBase(loaded.base, base.params, tuned, recipe.alpha).params;
  });
  return engine.put(between);
}

async function* told(
  directory: Place["directory"],
  lines: readonly Line[],
): AsyncGenerator<FinetuneEvent, void> {
  for (const line of lines) {
    await directory.log(line);
    yield line;
  }
}
