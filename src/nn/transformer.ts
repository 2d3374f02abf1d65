import { full } from "../tensor/apply.ts";
import { ShapeError } from "../tensor/errors.ts";
import { type Key, normal, split } from "../tensor/random.ts";
import { isConstant, type Shape, type Tensor } from "../tensor/tensor.ts";
import { causalAttention } from "./attention.ts";
import { type DecodeInputs, decodeNext, type Prefilled, prefill } from "./cache.ts";
import {
  completeConfig,
  EMBEDDING,
  expectParams,
  type FullConfig,
  HEAD,
  type Params,
  PREVIOUS_EMBEDDING,
  parameterShapes,
  type TransformerConfig,
} from "./config.ts";
import { decode, embed, type KeyValue, readOut } from "./decoder.ts";
import { type RopeTables, rope, ropeTables } from "./rope.ts";

/** A decoder as pure functions of its parameters. */
export interface Transformer {
  readonly config: FullConfig;
  /** Name and shape of every parameter. */
  readonly shapes: { readonly [name: string]: Shape };
  /**
   * Random parameters on the host: embeddings N(0, 0.1²), head N(0, 0.02²), other matrices
   * N(0, 1/in), those that write into the residual stream further divided by √(2 · layers); biases
   * 0, gains 1.
   */
  init(key: Key): Params;
  /**
   * @param tokens int [B, T]
   * @returns logits [B, T, V]; position t depends on the tokens ≤ t alone
   * @throws ShapeError or TypeError for parameters that are not the model's, ShapeError for tokens
   *   that are no [B, T] or longer than contextLength, RangeError for ids on the host that are
   *   outside the vocabulary
   */
  apply(params: Params, tokens: Tensor): Tensor;
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
}

/**
 * A decoder of Llama's kind: RMSNorm, rotary positions, SwiGLU, grouped-query attention; with
 * biases as in Qwen2 and query/key norms as in Qwen3. Parameters carry Hugging Face's names, so
 * that such checkpoints load by name.
 * @throws RangeError for a config that cannot be
 */
export function transformer(config: TransformerConfig): Transformer {
  const complete = completeConfig(config);
  const adapters = Object.values(complete.adapter).map((layer) => layer.shapes);
  const shapes: Transformer["shapes"] = Object.assign(parameterShapes(complete), ...adapters);
  const tables = rememberByLength((length) =>
    ropeTables(length, complete.headDim, complete.ropeTheta),
  );
  return Object.freeze<Transformer>({
    config: complete,
    shapes,
    init: (key) => init(complete, shapes, key),
    apply: (params, tokens) => {
      expectParams(shapes, params);
      expectTokens(complete, tokens);
      const positions = tables(tokens.shape[1] as number);
      const [hidden] = decode(complete, params, embed(complete, params, tokens), {
        rotate: (x) => rope(x, positions),
        attend: (q, k, v) => [causalAttention(q, k, v), { keys: k, values: v }],
      });
      return readOut(complete, params, hidden);
    },
    prefill: (params, tokens, last, capacity) => {
      expectParams(shapes, params);
      expectTokens(complete, tokens);
      return prefill(complete, params, tables(tokens.shape[1] as number), tokens, last, capacity);
    },
    decode: (params, cache, inputs) => {
      expectParams(shapes, params);
      return decodeNext(complete, params, tables, cache, inputs);
    },
  });
}

/** Tables are made once for each length, so that all uses in a graph share them. */
function rememberByLength(make: (length: number) => RopeTables): (length: number) => RopeTables {
  const made = new Map<number, RopeTables>();
  return (length) => {
    const tables = made.get(length) ?? make(length);
    made.set(length, tables);
    return tables;
  };
}

function init(config: FullConfig, shapes: Transformer["shapes"], key: Key): Params {
  const names = Object.keys(shapes);
  const keys = split(key, names.length);
  const drawn = names.map((name, i): [string, Tensor] => {
    const shape = shapes[name] as Shape;
    if (shape.length === 1) return [name, full(shape, name.endsWith(".bias") ? 0 : 1)];
    return [name, normal(keys[i] as Key, shape, { std: initialScale(config, name, shape) })];
  });
  return Object.fromEntries(drawn);
}

function initialScale({ layers }: FullConfig, name: string, shape: Shape): number {
  if (name === EMBEDDING || name === PREVIOUS_EMBEDDING) return 0.1;
  if (name === HEAD) return 0.02;
  const residual = name.endsWith("o_proj.weight") || name.endsWith("down_proj.weight");
  return 1 / Math.sqrt((shape[1] as number) * (residual ? 2 * layers : 1));
}

function expectTokens({ contextLength, vocabSize }: FullConfig, tokens: Tensor): void {
  const [B, T] = tokens.shape;
  if (tokens.shape.length !== 2 || !B || !T || T > contextLength)
    throw new ShapeError("transformer", `tokens [B, T] with 1 ≤ T ≤ ${contextLength}`, [
      tokens.shape,
    ]);
  if (!isConstant(tokens)) return;
  for (const id of tokens.data) {
    if (!(id >= 0 && id < vocabSize))
      throw new RangeError(`transformer: expected token ids 0 … ${vocabSize - 1}, got ${id}`);
  }
}
