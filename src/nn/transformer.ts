import { full } from "../tensor/apply.ts";
import { ShapeError } from "../tensor/errors.ts";
import { type Key, normal, split } from "../tensor/random.ts";
import { ofRank } from "../tensor/shapes.ts";
import { isConstant, type Shape, type Tensor } from "../tensor/tensor.ts";
import { type DecodeInputs, decodeNext, extend, type Prefilled, prefill } from "./cache.ts";
import { completeConfig } from "./completeConfig.ts";
import {
  EMBEDDING,
  expectParams,
  expectSize,
  type FullConfig,
  HEAD,
  type Params,
  POSITIONS,
  PREVIOUS_EMBEDDING,
  parameterShapes,
  type TransformerConfig,
} from "./config.ts";
import { decode, embed, finalNorm, head, type KeyValue } from "./decoder.ts";
import { type Layout, lengthsOf, placed } from "./layout.ts";
import { rotationOf } from "./rotation.ts";
import { sequenceAttention } from "./sequence.ts";

/** A decoder as pure functions of its parameters. */
export interface Transformer {
  readonly config: FullConfig;
  /** Name and shape of every parameter. */
  readonly shapes: { readonly [name: string]: Shape };
  /**
   * Random parameters on the host: embeddings N(0, 0.1²), head N(0, 0.02²), other matrices
   * N(0, 1/in), those that write into the residual stream further divided by √(2 · layers); biases
   * 0, gains 1 (0 where the norm adds 1).
   */
  init(key: Key): Params;
  /**
   * @param tokens int [B, T]
   * @param layout several sequences in a row, or padding on the left; else a row is one sequence
   * @returns logits [B, T, V]; position t depends on the tokens ≤ t of its segment alone
   * @throws ShapeError or TypeError for parameters that are not the model's, ShapeError for tokens
   *   that are no [B, T] or longer than contextLength, RangeError for ids or positions on the host
   *   that are outside the vocabulary or the context
   */
  apply(params: Params, tokens: Tensor, layout?: Layout): Tensor;
  /**
   * What `apply` reads logits from.
   * @returns hidden states [B, T, C] after the last norm
   * @throws as apply does
   */
  hidden(params: Params, tokens: Tensor, layout?: Layout): Tensor;
  /**
   * @param hidden [..., C] after the last norm
   * @returns logits [..., V]
   */
  head(params: Params, hidden: Tensor): Tensor;
  /**
   * Reads prompts and remembers their keys and values.
   * @param tokens int [B, P], prompts padded on the right with any token
   * @param last int [B], position of each prompt's last token
   * @param capacity S, positions that the cache shall hold, at least P
   * @returns logits [B, V] for what follows each prompt, and the cache
   */
  prefill(params: Params, tokens: Tensor, last: Tensor, capacity: number): Prefilled;
  /**
   * One token more for each sequence; positions may differ, and are data, so that a compiled step
   * serves all of them.
   * @returns logits [B, V] for what follows, and the next cache
   */
  decode(params: Params, cache: readonly KeyValue[], inputs: DecodeInputs): Prefilled;
  /**
   * Several tokens more for each sequence, one after the other: a part of a long prompt, or tokens
   * that somebody has guessed.
   * @param inputs int [B, T] each
   * @returns logits [B, T, V] for what follows each token, and the next cache
   */
  extend(params: Params, cache: readonly KeyValue[], inputs: DecodeInputs): Prefilled;
  /**
   * Where the model's weights are no linear function of its parameters, as with adapters: what lies
   * between two models, and how far they are apart, in the space of weights.
   * @throws TypeError where that has no exact form, saying why
   */
  weightSpace?(): WeightSpace;
}

/** Models as points in the space of their weights. */
export interface WeightSpace {
  /** Reads the parameters that `interpolate` makes. */
  readonly model: Transformer;
  /** (1 − weight)·θ_base + weight·θ_tuned. */
  interpolate(base: Params, tuned: Params, weight: number): Params;
  /** ‖θ_one − θ_other‖², a scalar; Σ w·(θ_one − θ_other)² with weights w of `whole`'s parameters. */
  squaredDistance(one: Params, other: Params, weights?: Params): Tensor;
  /** The weights in which models of the space differ, and the model that has them as parameters. */
  readonly whole: { readonly model: Transformer; of(params: Params): Params };
}

/**
 * A decoder of Llama's kind, RMSNorm, rotary positions, SwiGLU and grouped-query attention, or of
 * its relatives: what differs is in the config. Parameters carry Hugging Face's names, so that such
 * checkpoints load by name; `configOf` and `paramsFrom` read whole families of them.
 * @throws RangeError for a config that cannot be
 */
export function transformer(config: TransformerConfig): Transformer {
  const complete = completeConfig(config);
  const adapters = Object.values(complete.adapter).map((layer) => layer.shapes);
  const shapes: Transformer["shapes"] = Object.assign(parameterShapes(complete), ...adapters);
  expectSize(shapes);
  const rotation = rotationOf(complete);
  const decoder = { config: complete, rotation };

  function hidden(params: Params, tokens: Tensor, layout?: Layout): Tensor {
    expectParams(shapes, params);
    expectTokens(complete, tokens, layout);
    const [B, T] = ofRank(2, tokens.shape);
    const places = layout && placed(layout, tokens.shape, complete.contextLength);
    const rotate = places
      ? rotation.placed({ ...places, lengths: () => lengthsOf(places) })
      : rotation.inOrder(T);
    const attention = sequenceAttention(complete, rotate, [B, T], places?.behind ?? null);
    const embedded = embed(complete, params, tokens, places?.positions);
    const [last] = decode(complete, params, embedded, attention, complete.gradientCheckpointing);
    return finalNorm(complete, params, last);
  }
  return Object.freeze<Transformer>({
    config: complete,
    shapes,
    init: (key) => init(complete, shapes, key),
    apply: (params, tokens, layout) => head(complete, params, hidden(params, tokens, layout)),
    hidden,
    head: (params, normed) => head(complete, params, normed),
    prefill: (params, tokens, last, capacity) => {
      expectParams(shapes, params);
      expectTokens(complete, tokens);
      return prefill(decoder, params, tokens, last, capacity);
    },
    decode: (params, cache, inputs) => {
      expectParams(shapes, params);
      return decodeNext(decoder, params, cache, inputs);
    },
    extend: (params, cache, inputs) => {
      expectParams(shapes, params);
      return extend(decoder, params, cache, inputs);
    },
  });
}

function init(config: FullConfig, shapes: Transformer["shapes"], key: Key): Params {
  const names = Object.keys(shapes);
  const gain = config.norm === "rmsOnePlus" ? 0 : 1;
  const keys = split(key, names.length);
  const drawn = names.map((name, i): [string, Tensor] => {
    const shape = shapes[name] as Shape;
    if (shape.length === 1) return [name, full(shape, name.endsWith(".bias") ? 0 : gain)];
    return [name, normal(keys[i] as Key, shape, { std: initialScale(config, name, shape) })];
  });
  return Object.fromEntries(drawn);
}

function initialScale({ layers }: FullConfig, name: string, shape: Shape): number {
  if (name === EMBEDDING || name === PREVIOUS_EMBEDDING || name === POSITIONS) return 0.1;
  if (name === HEAD) return 0.02;
  const residual = name.endsWith("o_proj.weight") || name.endsWith("down_proj.weight");
  return 1 / Math.sqrt((shape[1] as number) * (residual ? 2 * layers : 1));
}

function expectTokens(
  { contextLength, vocabSize }: FullConfig,
  tokens: Tensor,
  layout?: Layout,
): void {
  const [B, T] = tokens.shape;
  // A row of several sequences may be longer than each of them can be.
  const fits = T !== undefined && (layout !== undefined || T <= contextLength);
  if (tokens.shape.length !== 2 || !B || !T || !fits)
    throw new ShapeError("transformer", `tokens [B, T] with 1 ≤ T ≤ ${contextLength}`, [
      tokens.shape,
    ]);
  if (!isConstant(tokens)) return;
  for (const id of tokens.data) {
    if (!(id >= 0 && id < vocabSize))
      throw new RangeError(`transformer: expected token ids 0 … ${vocabSize - 1}, got ${id}`);
  }
}
