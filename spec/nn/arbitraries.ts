import fc from "fast-check";
import type { LayerType, Params, TransformerConfig } from "../../src/nn/config.ts";
import type { NormPlacement } from "../../src/nn/norms.ts";
import type { RopeScaling } from "../../src/nn/ropeScaling.ts";
import { type Transformer, transformer } from "../../src/nn/transformer.ts";
import { type Key, key, normal, split } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

export const CONTEXT = 12;

/** Every kind of rope scaling for d channels, with originalLengths that tiny sequences exceed. */
function scalings(d: number): fc.Arbitrary<RopeScaling | null> {
  const factors = fc.array(fc.constantFrom(1, 1.5, 4), { minLength: d / 2, maxLength: d / 2 });
  const [factor, originalLength] = [fc.constantFrom(2, 4), fc.constantFrom(3, 5, 20)];
  return fc.oneof(
    fc.constant(null),
    fc.record({ type: fc.constant("linear" as const), factor }),
    fc.record({
      type: fc.constant("llama3" as const),
      factor,
      originalLength,
      lowFrequencyFactor: fc.constantFrom(0.2, 1),
      highFrequencyFactor: fc.constantFrom(2, 4),
    }),
    fc.record({
      type: fc.constant("yarn" as const),
      factor,
      originalLength,
      attentionFactor: fc.constantFrom(1, 1.3),
      betaFast: fc.constantFrom(2, 32),
      betaSlow: fc.constantFrom(0.1, 1),
      truncate: fc.boolean(),
    }),
    fc.record({
      type: fc.constant("longrope" as const),
      shortFactors: factors,
      longFactors: factors,
      attentionFactor: fc.constantFrom(1, 1.2),
      originalLength,
    }),
    ...(d > 2
      ? [fc.record({ type: fc.constant("dynamic" as const), factor, originalLength })]
      : []),
  );
}

const often = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));

/** Tiny decoders of Llama's kind. */
const llamas = fc
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
    qkNorm: often<false | "head" | "width">(false, "head", "width"),
    previousTokenEmbedding: fc.boolean(),
  })
  .map(({ queriesPerKey, ...config }) => ({
    ...config,
    heads: config.kvHeads * queriesPerKey,
    contextLength: CONTEXT,
  }));

/** What the relatives do otherwise, for so many layers and channels of a head. */
function variants(layers: number, headDim: number): fc.Arbitrary<Partial<TransformerConfig>> {
  const perLayer = <T>(of: fc.Arbitrary<T>) =>
    fc.array(of, { minLength: layers, maxLength: layers });
  const even = [2, 4, 6].filter((d) => d <= headDim);
  return fc.constantFrom(...even).chain((rotaryChannels) =>
    fc.record({
      rotaryChannels: fc.constant(rotaryChannels),
      ropeScaling: scalings(rotaryChannels),
      slidingRope: fc.oneof(
        fc.constant(null),
        fc.record({ theta: fc.constantFrom(10, 100), scaling: scalings(rotaryChannels) }),
      ),
      ropeLayers: perLayer(often(true, false)),
      positions: often<"rotary" | "learned">("rotary", "learned"),
      window: fc.constantFrom(1, 2, 3, 50),
      layerTypes: perLayer(fc.constantFrom<LayerType>("full", "sliding")),
      norm: often<"rms" | "rmsOnePlus" | "layer">("rms", "rmsOnePlus", "layer"),
      normPlacement: often<NormPlacement>("pre", "post", "sandwich"),
      outputBias: fc.boolean(),
      mlpBias: fc.boolean(),
      activation: often<"silu" | "gelu">("silu", "gelu"),
      gated: often(true, false),
      attentionScale: fc.constantFrom(0.3, 1),
      attentionSoftcap: often<number | null>(null, 2),
      logitSoftcap: often<number | null>(null, 3),
      embeddingScale: often(1, 2.5),
      residualScale: often(1, 0.4),
      logitScale: often(1, 0.5),
    }),
  );
}

/** Tiny decoders with every combination of options; half of them plain ones of Llama's kind. */
const configs: fc.Arbitrary<TransformerConfig> = llamas.chain((llama) =>
  fc.oneof(
    fc.constant(llama),
    variants(llama.layers, llama.headDim).map((variant) => ({ ...llama, ...variant })),
  ),
);

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
