import { tensor } from "../tensor/apply.ts";
import { ShapeError } from "../tensor/errors.ts";
import {
  add,
  broadcastTo,
  less,
  matmul,
  pad,
  reshape,
  scatterRows,
  slice,
  sub,
  toFloat,
} from "../tensor/ops.ts";
import { at } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { rangeAttention } from "./attention.ts";
import type { FullConfig, Params } from "./config.ts";
import { decode, embed, embedNext, finalNorm, head, type KeyValue } from "./decoder.ts";
import type { Rotation } from "./rotation.ts";
import { inOrder, sequenceAttention, windowOf } from "./sequence.ts";

/** A config and what is made from it once. */
export interface Decoder {
  readonly config: FullConfig;
  readonly rotation: Rotation;
}

/** What follows each sequence, and what the model remembers of it. */
export type Prefilled = {
  /** [B, V]; [B, T, V] of several tokens. */
  readonly logits: Tensor;
  /** For each layer [B, G, S, D]: slot s holds position s. */
  readonly cache: readonly KeyValue[];
};

/** One token for each sequence, [B], or several, [B, T]. */
export type DecodeInputs = {
  /** int. */
  readonly tokens: Tensor;
  /** int, the tokens before them; read only by models with `previousTokenEmbedding`. */
  readonly previous: Tensor;
  /** int, positions of the tokens, below the cache's capacity; of several one after the other. */
  readonly positions: Tensor;
};

/**
 * Reads prompts that start at position 0 and are padded on the right. What follows a prompt's last
 * token is garbage that no later step sees: it is overwritten before its position is reached.
 */
export function prefill(
  { config, rotation }: Decoder,
  params: Params,
  tokens: Tensor,
  last: Tensor,
  capacity: number,
): Prefilled {
  const [B, P] = tokens.shape as [number, number];
  if (capacity < P)
    throw new RangeError(`prefill: expected a capacity of at least ${P}, got ${capacity}`);
  const rotate = rotation.varies(P)
    ? rotation.placed({
        positions: inOrder(B, P),
        rows: P,
        lengths: () => add(reshape(toFloat(last), [B, 1]), 1),
      })
    : rotation.inOrder(P);
  const keepsUnturned = rotation.varies(capacity);
  const { attend } = sequenceAttention(config, rotate, [B, P], null);
  const grow = (x: Tensor) => pad(x, [0, 0, 0, 0], [0, 0, capacity - P, 0]);
  const [hidden, cache] = decode(config, params, embed(config, params, tokens), {
    attend: (q, k, v, layer) => {
      const [mixed, { keys }] = attend(q, k, v, layer);
      return [mixed, { keys: grow(keepsUnturned ? k : keys), values: grow(v) }];
    },
  });
  // The last positions are picked by a product with one-hot rows.
  const here = reshape(atPlace(last, P), [B, 1, P]);
  const picked = reshape(matmul(here, hidden), [B, config.width]);
  return { logits: head(config, params, finalNorm(config, params, picked)), cache };
}

/** One token more: writes its key and value at its position and attends to all positions up to it. */
export function decodeNext(
  decoder: Decoder,
  params: Params,
  cache: readonly KeyValue[],
  inputs: DecodeInputs,
): Prefilled {
  const { config } = decoder;
  const column = (x: Tensor) => reshape(x, [-1, 1]);
  const { tokens, previous, positions } = inputs;
  expectCache("decode", config, cache, tokens);
  const [hidden, memory] = extended(decoder, params, cache, {
    tokens: column(tokens),
    previous: column(previous),
    positions: column(positions),
  });
  const last = reshape(hidden, [at(tokens.shape, 0), config.width]);
  return { logits: head(config, params, finalNorm(config, params, last)), cache: memory };
}

/** Some tokens more, each of which sees those before it. */
export function extend(
  decoder: Decoder,
  params: Params,
  cache: readonly KeyValue[],
  inputs: DecodeInputs,
): Prefilled {
  const { config } = decoder;
  expectCache("extend", config, cache, inputs.tokens);
  const [hidden, memory] = extended(decoder, params, cache, inputs);
  return { logits: head(config, params, finalNorm(config, params, hidden)), cache: memory };
}

/** @param inputs int [B, T] each */
function extended(
  { config, rotation }: Decoder,
  params: Params,
  cache: readonly KeyValue[],
  { tokens, previous, positions }: DecodeInputs,
): [hidden: Tensor, memory: readonly KeyValue[]] {
  const [B, T] = tokens.shape as [number, number];
  const S = at(at(cache, 0).keys.shape, 2);
  const last = slice(positions, [0, T - 1], [B, 1]);
  const lengths = () => add(toFloat(last), 1);
  const rotate = rotation.placed({ positions, rows: S, lengths });
  // Where angles depend on the length, keys turn anew with each token.
  const rotateCached = rotation.varies(S)
    ? rotation.placed({ positions: inOrder(B, S), rows: S, lengths })
    : null;
  const rows = broadcastTo(reshape(positions, [B, 1, T]), [B, config.kvHeads, T]);
  const scores = { scale: config.attentionScale, softcap: config.attentionSoftcap };
  const embedded = embedNext(config, params, tokens, previous, positions);
  return decode(config, params, embedded, {
    attend: (q, k, v, layer) => {
      const { keys, values } = at(cache, layer);
      const next = {
        keys: scatterRows(keys, rows, rotateCached ? k : rotate(k, layer)),
        values: scatterRows(values, rows, v),
      };
      const turned = rotateCached ? rotateCached(next.keys, layer) : next.keys;
      const window = windowOf(config, layer);
      const range = { slots: positions, positions, window };
      return [rangeAttention(rotate(q, layer), turned, next.values, range, scores), next];
    },
  });
}

/** 1 at each sequence's position of S, else 0: int [B] → [B, S]. */
function atPlace(positions: Tensor, S: number): Tensor {
  const slot = tensor([Array.from({ length: S }, (_, s) => s)]); // [1, S]
  const place = reshape(toFloat(positions), [-1, 1]);
  return sub(sub(1, less(slot, place)), less(place, slot));
}

function expectCache(
  caller: string,
  config: FullConfig,
  cache: readonly KeyValue[],
  tokens: Tensor,
): void {
  const [B, G, , D] = cache[0]?.keys.shape ?? [];
  const ok =
    cache.length === config.layers &&
    B === tokens.shape[0] &&
    G === config.kvHeads &&
    D === config.headDim;
  const what = caller === "decode" ? "[B]" : "[B, T]";
  if (!ok)
    throw new ShapeError(
      caller,
      `a cache of ${config.layers} layers [B, ${config.kvHeads}, S, ${config.headDim}] and tokens ${what}`,
      [cache[0]?.keys.shape ?? [], tokens.shape],
    );
}
