import { join } from "node:path";
import { dareMerge, tiesMerge } from "../../anchored/objectives/merges.ts";
import { interpolateWeights } from "../../anchored/objectives/weights.ts";
import { numericsOf } from "../../engines/numerics.ts";
import type { Params } from "../../nn/config.ts";
import { interpolateWithBase } from "../../nn/lora/algebra.ts";
import { fold } from "../../tensor/random.ts";
import { hostCopy } from "../../train/trainSteps.ts";
import { openDirectory, type RunDirectory } from "../files/directory.ts";
import { sftCache } from "../files/sftCache.ts";
import { saveAdapter, saveModel } from "../save.ts";
import { operationsOf, speedOf } from "../speed.ts";
import type { FinetuneEvent, Line, PlanEvent, StepEvent } from "./events.ts";
import { withOwnData } from "./ownData.ts";
import { type FinetuneOptions, type Prepared, prepare } from "./prepare.ts";
import { type StageOptions, trainStage } from "./stages.ts";
import { keys, methodTraining, needsSft, sftTraining, stepsOf } from "./training.ts";
import { workOf } from "./work.ts";

/** Fine-tunes as a recipe says, in a folder; see `runFinetune`. */
export async function* run(options: FinetuneOptions): AsyncGenerator<FinetuneEvent, void> {
  const prepared = await prepare(options);
  const { engine } = prepared;
  try {
    const plan = planOf(prepared, options.versions ?? { node: process.versions.node });
    if (options.dryRun) {
      yield plan;
      yield await timeOf(prepared);
      return;
    }
    const { recipe, inputs } = prepared;
    const directory = await openDirectory(options.out, {
      recipe,
      inputs,
      numerics: numericsOf(engine),
    });
    try {
      yield* stagesOf({ prepared, directory, options, plan });
    } finally {
      await directory.close();
    }
  } finally {
    if (!options.engine) await engine.close();
  }
}

function planOf(prepared: Prepared, versions: PlanEvent["versions"]): PlanEvent {
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

async function timeOf(prepared: Prepared): Promise<FinetuneEvent> {
  const { engine, loaded } = prepared;
  const speed = await speedOf(engine, loaded.base.config.width);
  return { kind: "estimate", seconds: operationsOf(workOf(prepared)) / speed };
}

interface Running {
  readonly prepared: Prepared;
  readonly directory: RunDirectory;
  readonly options: FinetuneOptions;
  readonly plan: PlanEvent;
}

async function* stagesOf(given: Running): AsyncGenerator<FinetuneEvent, void> {
  const { directory, options, plan } = given;
  const isDone = directory.standing.stage === "done";
  const prepared = isDone ? given.prepared : await withOwnData(given.prepared);
  const running = { ...given, prepared };
  const { looker, start, recipe } = prepared;
  const { standing, path } = directory;
  const signal = options.signal ?? new AbortController().signal;
  if (isDone) {
    yield { kind: "finished", path };
    return;
  }
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
  yield* told(directory, [await save(running, trained), { kind: "end" }]);
  await directory.enter("done");
  await options.report?.(path);
  yield { kind: "finished", path };
}

type Stage = Pick<StageOptions, "prepared" | "directory" | "signal">;

/** SFT: from the cache, or trained and kept there. */
async function* sft(
  { prepared, directory, options }: Running,
  stage: Stage,
): AsyncGenerator<FinetuneEvent, Params | undefined> {
  const { engine, recipe, inputs, looker } = prepared;
  const cache = sftCache(options.out, recipe, inputs, numericsOf(engine));
  const isNow = directory.standing.stage === "sft";
  const isBegun = directory.standing.checkpoint !== undefined;
  const known = isNow && isBegun ? undefined : await cache.load();
  const training = sftTraining(prepared);
  let params: Params | undefined;
  if (known) {
    params = engine.put(known.params);
    if (isNow) {
      yield { kind: "reused", what: "sft", path: cache.path };
      yield* told(directory, known.steps);
    }
  } else {
    // Where the method has begun and the cache is gone, it is trained once more, to the same bits.
    const own = { ...stage, stage: "sft", training, isLogged: isNow };
    params = yield* trainStage(own);
    if (!params) return undefined;
    const lines = isNow ? await directory.lines() : [];
    const steps = lines.filter((line): line is StepEvent => line.kind === "step");
    if (isNow) await cache.save({ params: await hostCopy(engine, params), steps });
  }
  if (isNow) {
    yield* told(
      directory,
      await looker.look({ stage: "sft", step: stepsOf(training) }, params, true),
    );
    await directory.enter("method");
  }
  return params;
}

/** The method, on what SFT has found. */
async function* method(
  { prepared, directory }: Running,
  stage: Stage,
  reference: Params,
): AsyncGenerator<FinetuneEvent, Params | undefined> {
  const { recipe, looker } = prepared;
  const training = methodTraining(prepared, reference);
  if (recipe.method === "sft") return reference;
  const trained = training
    ? yield* trainStage({ ...stage, stage: recipe.method, training })
    : await merged(prepared, reference);
  if (!trained) return undefined;
  const at = { stage: recipe.method, step: stepsOf(training) };
  yield* told(directory, await looker.look(at, trained, true));
  return trained;
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

async function save(
  { prepared: { engine, adapter, loaded, recipe }, directory, options }: Running,
  params: Params,
): Promise<Line> {
  const what = adapter ? "adapter" : "model";
  const folder = join(directory.path, what);
  if (adapter) {
    const base = options.modelFolder === undefined ? loaded.folder : recipe.model;
    await saveAdapter(folder, { adapter, params }, { engine, base });
  } else await saveModel(folder, { ...loaded, params }, { engine });
  return { kind: "saved", what, path: what };
}

async function* told(
  directory: RunDirectory,
  lines: readonly Line[],
): AsyncGenerator<FinetuneEvent, void> {
  for (const line of lines) {
    await directory.log(line);
    yield line;
  }
}
