import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import type { AdapterConfig } from "../../nn/lora/adapterConfig.ts";
import { lora } from "../../nn/lora.ts";
import type { Transformer } from "../../nn/transformer.ts";
import { fold, type Key, key } from "../../tensor/random.ts";
import { sizeOf } from "../../tensor/shapes.ts";
import { type DataFiles, type FinetuneData, readData } from "../check.ts";
import { usualDtype } from "../keptAs.ts";
import { type DescribedModel, type LoadedModel, loadModel } from "../load.ts";
import { planMemory, type RunMemory } from "../memory.ts";
import { adapterOf, type FinetuneRecipe } from "../recipe.ts";
import { createLooker, type Looker, type Model } from "./look.ts";
import { asRecipe } from "./refusal.ts";
import { keys } from "./training.ts";

/** All that a run needs before its first step. */
export interface Prepared {
  readonly recipe: FinetuneRecipe;
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

/** What a run reads, wherever that is. */
export interface Sources {
  readonly described: DescribedModel;
  readonly files: DataFiles;
  /** Bytes that may be used. */
  readonly memory: number;
}

/**
 * Reads model and data, and looks whether they fit.
 * @param asked the recipe; what computes it is the engine
 * @throws DataError naming the file, the key, or the numbers that do not fit
 */
export async function prepareOn(
  engine: Engine,
  asked: FinetuneRecipe,
  { described, files, memory: most }: Sources,
): Promise<Prepared> {
  // What `auto` has found is part of what the numbers depend on.
  const recipe = { ...asked, backend: engine.backend as FinetuneRecipe["backend"] };
  const kind = adapterOf(recipe);
  const adapter = kind && asRecipe(() => lora(kind));
  // What starts as rows of the base, or as their lengths, is made on the host.
  const { dora = false, modulesToSave = [] } = adapter?.config ?? {};
  const onHost = dora || modulesToSave.length > 0;
  const dtype = recipe.dtype ?? (adapter ? usualDtype(engine) : "f32");
  const data = await readData(recipe, described, files);
  const memory = asRecipe(() => planMemory({ engine, recipe, described, data, dtype }, most));
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
    ...{ recipe, engine, loaded, data, base, model, memory, trainable, parameters },
    adapter: adapter?.config,
    start: engine.put(made),
    looker: createLooker(engine, { base, model, sets: data.sets, batch, newTokens, loaded }),
    key: from,
  };
}
