import { interpolateWeights } from "../../anchored/objectives/weights.ts";
import {
  type LanguageModel,
  type WeightSpace,
  weightSpaceOf,
} from "../../anchored/targets/languageModel.ts";
import type { Engine } from "../../engines/engine.ts";
import { EMBEDDING, type Params } from "../../nn/config.ts";
import { lora } from "../../nn/lora.ts";
import type { Transformer } from "../../nn/transformer.ts";
import { fold, type Key } from "../../tensor/random.ts";

/** What a row trains, and from where. */
export interface RowModel {
  readonly model: Omit<Transformer, "hidden" | "head" | "weightSpace"> &
    Pick<LanguageModel, "weightSpace">;
  readonly start: Params;
  /** The weights of the whole model, on the host. */
  whole(params: Params): Promise<Params>;
  /** Frees what lies on the device. */
  release(): void;
}

/** The study's model itself. */
export const wholeModel = (engine: Engine, model: Transformer, base: Params): RowModel => ({
  ...{ model, start: base },
  whole: (params) => engine.run(() => params),
  release: () => {},
});

/**
 * A low-rank adapter over the base, which stays as it is. Whole models, such as p_sft, are read as they
 * are: their heads differ from the base's, so that hidden states do not stand for logits.
 * @param base on the host
 * @param rank r; α is twice as much
 */
export function adaptedBase(
  engine: Engine,
  model: Transformer,
  base: Params,
  { rank, key }: { readonly rank: number; readonly key: Key },
): RowModel {
  const adapter = lora({ rank });
  const resident = engine.put(base);
  const over = adapter.over(model, resident);
  const by = (params: Params): Transformer => (EMBEDDING in params ? model : over);
  const { config, shapes, init } = over;
  return {
    model: {
      ...{ config, shapes, init, weightSpace: () => spaceWith(model, over, resident) },
      apply: (params, ...rest) => by(params).apply(params, ...rest),
      prefill: (params, ...rest) => by(params).prefill(params, ...rest),
      decode: (params, ...rest) => by(params).decode(params, ...rest),
      extend: (params, ...rest) => by(params).extend(params, ...rest),
    },
    start: adapter.init(fold(key, ADAPTER), model, base),
    whole: async (params) => adapter.merge(base, await engine.run(() => params), model),
    release: () => engine.release(resident),
  };
}

/** The adapters' space with whole models in it: between an adapter and one lies a whole model. */
function spaceWith(model: Transformer, over: Transformer, base: Params): WeightSpace {
  const space = weightSpaceOf(over);
  const wholeOf = (params: Params): Params =>
    EMBEDDING in params ? params : { ...base, ...space.whole.of(params) };
  return {
    ...{ ...space, model },
    interpolate: (one, other, weight) => interpolateWeights(wholeOf(one), wholeOf(other), weight),
  };
}

/** Keys of epochs count from 0 and do not come so far. */
const ADAPTER = 2 ** 29 + 2;
