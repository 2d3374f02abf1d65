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
import { bytesOf } from "../../tensor/storage/types.ts";
import { lengthOf } from "../../train/batches.ts";
import { type FinetuneData, readData } from "../check.ts";
import { type Estimate, estimateMemory, expectToFit } from "../estimate.ts";
import { fileDigest, modelDigest } from "../files/digest.ts";
import type { Inputs } from "../files/directory.ts";
import { usualDtype } from "../keptAs.ts";
import { type LoadedModel, loadModel } from "../load.ts";
import { adapterOf, completeRecipe, type FinetuneRecipe, type RecipeOptions } from "../recipe.ts";
import { createLooker, type Looker, type Model } from "./look.ts";

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
  readonly estimate: Estimate;
  readonly trainable: number;
  readonly parameters: number;
  readonly key: Key;
}

/** Keys of what is random, apart. */
export const keys = { adapter: 0, sft: 1, method: 2 } as const;

/** wasm's memory has addresses of 32 bits. */
const WASM_BYTES = 2 ** 32;

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
  const loaded = await loadModel(modelFolder, { dtype, ...(!onHost && { engine }) });
  const data = await readData(recipe, loaded, {
    data: path(recipe.data),
    retain: of(recipe.retain, (file) => file),
    eval: of(recipe.eval, (file) => file),
  });
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
  const modelBytes = Object.values(base.params).reduce(
    (sum, { dtype: kept, shape }) => sum + bytesOf(kept, sizeOf(shape)),
    0,
  );
  const planned = {
    ...{
      modelBytes,
      parameters,
      trainable,
      config: loaded.base.config,
      headInBlocks: adapter !== undefined,
    },
    batch: Math.min(recipe.batch, recipe.microBatch ?? Infinity, data.train.examples.length),
    length: Math.max(...data.train.examples.map(lengthOf)),
  };
  const estimate = estimateMemory(planned);
  expectToFit(estimate, options.memory ?? available(engine), planned);
  const { batch, newTokens } = recipe;
  return {
    ...{ recipe, inputs, engine, loaded, data, base, model, estimate, trainable, parameters },
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
