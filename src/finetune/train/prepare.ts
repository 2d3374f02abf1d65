import { freemem } from "node:os";
import { resolve } from "node:path";
import { createEngine } from "../../engines/create.ts";
import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import type { AdapterConfig } from "../../nn/lora/adapterConfig.ts";
import { lora } from "../../nn/lora.ts";
import type { Transformer } from "../../nn/transformer.ts";
import { expectKnown } from "../../tensor/options.ts";
import { fold, type Key, key } from "../../tensor/random.ts";
import { sizeOf } from "../../tensor/shapes.ts";
import { type FinetuneData, readData } from "../check.ts";
import { fileDigest, modelDigest } from "../files/digest.ts";
import type { Inputs } from "../files/directory.ts";
import { usualDtype } from "../keptAs.ts";
import { describeModel, type LoadedModel, loadModel } from "../load.ts";
import { planMemory, type RunMemory, WASM_BYTES } from "../memory.ts";
import { adapterOf, completeRecipe, type FinetuneRecipe, type RecipeOptions } from "../recipe.ts";
import { createLooker, type Looker, type Model } from "./look.ts";
import { keys } from "./training.ts";

export interface FinetuneOptions {
  readonly recipe: RecipeOptions;
  /** The run's folder. */
  readonly out: string;
  /** Where relative paths of the recipe start; the working directory by default. */
  readonly folder?: string;
  /** Where the model's files are, if not where the recipe says: a model of the Hub. */
  readonly modelFolder?: string;
  /** Computes, and stays open; one of the recipe's backend by default. */
  readonly engine?: Engine;
  /** Of the wasm engine; every core by default. Results do not depend on it. */
  readonly threads?: number;
  /** Bytes that may be used; by default what is free. */
  readonly memory?: number;
  /** Stops after the step at hand, with a checkpoint to go on from. */
  readonly signal?: AbortSignal;
  /** Ends after the plan, and writes nothing. */
  readonly dryRun?: boolean;
  readonly versions?: Readonly<Record<string, string>>;
  /** Makes the run's report when it has ended. */
  readonly report?: (directory: string) => Promise<unknown>;
}

/** All that a run needs before its first step. */
export interface Prepared {
  readonly recipe: FinetuneRecipe;
  readonly inputs: Inputs;
  readonly engine: Engine;
  readonly loaded: LoadedModel;
  readonly data: FinetuneData;
  readonly adapter: AdapterConfig | undefined;
  readonly base: Model;
  /** What is trained. */
  readonly model: Transformer;
  /** Where it starts; resident. */
  readonly start: Params;
  readonly looker: Looker;
  readonly memory: RunMemory;
  readonly trainable: number;
  readonly parameters: number;
  readonly key: Key;
}

/**
 * Reads model and data, and looks whether they fit.
 * @throws DataError naming the file, the key, or the numbers that do not fit
 */
export async function prepare(options: FinetuneOptions): Promise<Prepared> {
  expectKnown("runFinetune", options, [
    ...(["recipe", "out", "folder", "modelFolder", "engine", "threads", "memory"] as const),
    ...(["signal", "dryRun", "versions", "report"] as const),
  ]);
  const { folder = process.cwd(), threads } = options;
  const asked = completeRecipe(options.recipe);
  const engine =
    options.engine ??
    (await createEngine({ backend: asked.backend, ...(threads !== undefined && { threads }) }));
  try {
    return await prepareOn(engine, folder, asked, options);
  } catch (error) {
    if (!options.engine) await engine.close();
    throw error;
  }
}

async function prepareOn(
  engine: Engine,
  folder: string,
  asked: FinetuneRecipe,
  options: FinetuneOptions,
): Promise<Prepared> {
  // What `auto` has found is part of what the numbers depend on.
  const recipe = { ...asked, backend: engine.backend as FinetuneRecipe["backend"] };
  const path = (given: string): string => resolve(folder, given);
  const modelFolder = options.modelFolder ?? path(recipe.model);
  const of = <T>(file: string | undefined, make: (path: string) => T): T | undefined =>
    file === undefined ? undefined : make(path(file));
  const inputs: Inputs = {
    model: await modelDigest(modelFolder),
    data: await fileDigest(path(recipe.data)),
    retain: await of(recipe.retain, fileDigest),
    eval: await of(recipe.eval, fileDigest),
  };
  const kind = adapterOf(recipe);
  const adapter = kind && lora(kind);
  // What starts as rows of the base, or as their lengths, is made on the host.
  const { dora = false, modulesToSave = [] } = adapter?.config ?? {};
  const onHost = dora || modulesToSave.length > 0;
  const dtype = recipe.dtype ?? (adapter ? usualDtype(engine) : "f32");
  const described = await describeModel(modelFolder);
  const data = await readData(recipe, described, {
    data: path(recipe.data),
    retain: of(recipe.retain, (file) => file),
    eval: of(recipe.eval, (file) => file),
  });
  const memory = planMemory(
    { engine, recipe, described, data, dtype },
    options.memory ?? available(engine),
  );
  const { config } = described;
  const gradientCheckpointing = memory.isRecomputed;
  const loaded = await loadModel(
    { ...described, config: { ...config, gradientCheckpointing } },
    { dtype, ...(!onHost && { engine }) },
  );
  const base = { model: loaded.base, params: onHost ? engine.put(loaded.params) : loaded.params };
  const model = adapter ? adapter.over(loaded.base, base.params) : loaded.base;
  const from = key(recipe.seed);
  const made = adapter
    ? await engine.run(() =>
        adapter.init(fold(from, keys.adapter), loaded.base, onHost ? loaded.params : base.params),
      )
    : base.params;
  const count = (shapes: Transformer["shapes"]): number =>
    Object.values(shapes).reduce((sum, shape) => sum + sizeOf(shape), 0);
  const parameters = count(loaded.base.shapes);
  const trainable = count(model.shapes);
  const { batch, newTokens } = recipe;
  return {
    ...{ recipe, inputs, engine, loaded, data, base, model, memory, trainable, parameters },
    adapter: adapter?.config,
    start: engine.put(made),
    looker: createLooker(engine, { base, model, sets: data.sets, batch, newTokens, loaded }),
    key: from,
  };
}

function available({ backend }: Engine): number {
  const free = process.availableMemory?.() ?? freemem();
  return backend === "wasm" ? Math.min(free, WASM_BYTES) : free;
}
