import fc from "fast-check";
import type { Params, TransformerConfig } from "../../src/nn/config.ts";
import { type Transformer, transformer } from "../../src/nn/transformer.ts";
import { type Key, key, normal, split } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

export const CONTEXT = 12;

/** Tiny decoders with every combination of options. */
export const configs: fc.Arbitrary<TransformerConfig> = fc
  .record({
    vocabSize: fc.integer({ min: 2, max: 9 }),
    layers: fc.integer({ min: 1, max: 2 }),
    kvHeads: fc.integer({ min: 1, max: 2 }),
    queriesPerKey: fc.integer({ min: 1, max: 3 }),
    headDim: fc.constantFrom(2, 4, 6),
    width: fc.integer({ min: 1, max: 9 }),
    hidden: fc.integer({ min: 1, max: 7 }),
    ropeTheta: fc.constantFrom(10, 10000),
    epsilon: fc.constantFrom(1e-6, 1e-5),
    tieEmbeddings: fc.boolean(),
    qkvBias: fc.boolean(),
    qkNorm: fc.constantFrom<false | "head">(false, "head"),
    previousTokenEmbedding: fc.boolean(),
  })
  .map(({ queriesPerKey, ...config }) => ({
    ...config,
    heads: config.kvHeads * queriesPerKey,
    contextLength: CONTEXT,
  }));

/** What a random model is made from: small, so that a counterexample can be read. */
export interface Recipe {
  readonly config: TransformerConfig;
  readonly seed: number;
}

export const recipes: fc.Arbitrary<Recipe> = fc.record({ config: configs, seed: fc.nat() });

/** A decoder with parameters that leave none of them without an effect. */
export function build({ config, seed }: Recipe): { model: Transformer; params: Params } {
  const model = transformer(config);
  return { model, params: randomParams(model, seed) };
}

/** Gains around 1, everything else around 0; biases too. */
export function randomParams({ shapes }: Transformer, seed: number): Params {
  const keys = split(key(seed), Object.keys(shapes).length);
  const drawn = Object.entries(shapes).map(([name, shape], i): [string, Tensor] => {
    const gain = name.endsWith("norm.weight");
    const options = gain ? { mean: 1, std: 0.3 } : { std: 0.7 };
    return [name, normal(keys[i] as Key, shape, options)];
  });
  return Object.fromEntries(drawn);
}

/** One to three rows of up to six token ids, all of one length. */
function tokensFor({ vocabSize }: TransformerConfig): fc.Arbitrary<number[][]> {
  const lengths = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 6 }));
  return lengths.chain(([B, T]) => {
    const row = fc.array(fc.nat(vocabSize - 1), { minLength: T, maxLength: T });
    return fc.array(row, { minLength: B, maxLength: B });
  });
}

/** A model together with tokens. */
export const cases: fc.Arbitrary<Recipe & { readonly tokens: number[][] }> = recipes.chain(
  (recipe) => tokensFor(recipe.config).map((tokens) => ({ ...recipe, tokens })),
);

/** A model together with one to four prompts of different lengths, half of the context at most. */
export const prompted: fc.Arbitrary<Recipe & { readonly prompts: number[][] }> = recipes.chain(
  (recipe) => {
    const token = fc.nat(recipe.config.vocabSize - 1);
    const prompt = fc.array(token, { minLength: 1, maxLength: CONTEXT / 2 });
    return fc
      .array(prompt, { minLength: 1, maxLength: 4 })
      .map((prompts) => ({ ...recipe, prompts }));
  },
);
