import type { Key } from "../tensor/random.ts";
import type { Params } from "./config.ts";
import { adaptedModel, withAdapter } from "./lora/adapted.ts";
import { type AdapterConfig, completeLora, type LoraOptions } from "./lora/adapterConfig.ts";
import { initAdapter } from "./lora/init.ts";
import { adapterLayout, type Base, expectAdapter, shapesOf } from "./lora/layout.ts";
import { mergeAdapter } from "./lora/merge.ts";
import type { Transformer } from "./transformer.ts";

/** Low-rank adapters of one kind. */
export interface Lora {
  readonly config: AdapterConfig;
  /**
   * A fresh adapter for a model, which changes nothing yet.
   * @param base the model's parameters, on the host; read for DoRA and `modulesToSave`
   * @throws TypeError where the adapter does not fit the model
   */
  init(key: Key, model: Transformer, base: Params): Params;
  /** The model with parameters of base and adapter together. @see adaptedModel */
  apply(model: Transformer): Transformer;
  /** The model with the adapter's parameters alone, over a frozen base. @see withAdapter */
  over(model: Transformer, base: Params): Transformer;
  /**
   * The base with the adapter worked into its weights, the changed ones in float32.
   * @param base on the host
   * @param adapter on the host
   * @param model only needed where the original code joins matrices (Phi-3, GPT-2)
   * @returns parameters of the same model; where the adapter parts a tied head from its embedding,
   *   with a head, for a config with `tieEmbeddings: false`
   * @throws TypeError for a tensor that is missing, not known or not on the host, ShapeError
   */
  merge(base: Params, adapter: Params, model?: Base): Params;
}

/**
 * Low-rank adapters: y = x·Wᵀ + s·(x·Aᵀ)·Bᵀ, where W stays as it is, A [r, in] and B [out, r] are
 * trained and s = α/r. Names, files and defaults of targets are PEFT's.
 * @throws RangeError, TypeError or DataError that name an option which cannot be
 * @see https://arxiv.org/abs/2106.09685 (Hu et al., 2021), section 4.1
 * @example
 * const adapter = lora({ rank: 8, alpha: 16, targets: ["q_proj", "v_proj"] });
 * const start = adapter.init(random.key(0), model, params); // B = 0: nothing is changed yet
 * const tuned = adapter.over(model, engine.put(params)); // tuned.apply(start, tokens)
 */
export function lora(options: LoraOptions): Lora {
  return loraOf(completeLora(options));
}

/** The same for options that are complete, such as those of a file. */
export function loraOf(config: AdapterConfig): Lora {
  return Object.freeze<Lora>({
    config,
    init: (key, model, base) => initAdapter(key, config, adapterLayout(config, model), base),
    apply: (model) => adaptedModel(model, config),
    over: (model, base) => withAdapter(model, config, base),
    merge: (base, adapter, model = { shapes: shapesOf(base) }) => {
      const layout = adapterLayout(config, model);
      expectAdapter(layout, adapter);
      return mergeAdapter(layout, base, adapter);
    },
  });
}
