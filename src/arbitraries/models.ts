import fc from "fast-check";
import type { Params, TransformerConfig } from "../nn/config.ts";
import { type Transformer, transformer } from "../nn/transformer.ts";
import { fold, integers, key } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { printed, seeds } from "./seeded.ts";

/** A language model of a few dozen numbers, with weights and something to read. */
export interface TinyModel {
  readonly model: Transformer;
  readonly params: Params;
  /** int [2, T]. */
  readonly tokens: Tensor;
}

/** Configurations of transformers so small that the reference engine runs them in no time. */
export const tinyConfigs: fc.Arbitrary<TransformerConfig> = fc.record({
  contextLength: fc.constant(6),
  vocabSize: fc.integer({ min: 2, max: 12 }),
  layers: fc.integer({ min: 1, max: 2 }),
  heads: fc.constantFrom(1, 2),
  width: fc.constantFrom(4, 8),
  hidden: fc.constantFrom(4, 12),
  tieEmbeddings: fc.boolean(),
  qkvBias: fc.boolean(),
  qkNorm: fc.constantFrom<false | "head">(false, "head"),
  previousTokenEmbedding: fc.boolean(),
});

/** Tiny transformers with fresh weights, which are descriptions: `engine.run(() => params)` draws them. */
export const tinyModels = (): fc.Arbitrary<TinyModel> =>
  fc.record({ config: tinyConfigs, seed: seeds }).map(({ config, seed }) => {
    const model = transformer(config);
    const tiny = {
      model,
      params: model.init(fold(key(seed), 0)),
      tokens: integers(fold(key(seed), 1), [2, config.contextLength], 0, config.vocabSize),
    };
    return printed(tiny, `transformer(${JSON.stringify(config)}) of seed ${seed}`);
  });
