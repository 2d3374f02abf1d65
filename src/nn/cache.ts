import { constant, full, tensor } from "../tensor/apply.ts";
import { ShapeError } from "../tensor/errors.ts";
import {
  add,
  broadcastTo,
  less,
  matmul,
  mul,
  pad,
  reshape,
  select,
  sub,
  toFloat,
} from "../tensor/ops.ts";
import { at } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { biasedAttention } from "./attention.ts";
import type { FullConfig, Params } from "./config.ts";
import { decode, embed, embedNext, finalNorm, head, type KeyValue } from "./decoder.ts";
import type { Rotation } from "./rotation.ts";
import { HIDDEN, sequenceAttention, visible } from "./sequence.ts";

/** A config and what is made from it once. */
export interface Decoder {
  readonly config: FullConfig;
  readonly rotation: Rotation;
}

/** What follows each sequence, and what the model remembers of it. */
export type Prefilled = {
  /** [B, V]. */
  readonly logits: Tensor;
  /** For each layer [B, G, S, D]: slot s holds position s. */
  readonly cache: readonly KeyValue[];
};

/** One token for each sequence. */
export type DecodeInputs = {
  /** int [B]. */
  readonly tokens: Tensor;
  /** int [B], the tokens before them; read only by models with `previousTokenEmbedding`. */
  readonly previous: Tensor;
  /** int [B], positions of the tokens, below the cache's capacity. */
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
  const { attend } = sequenceAttention(config, rotate, P, null);
  const grow = (x: Tensor) => pad(x, [0, 0, 0, 0], [0, 0, capacity - P, 0]);
  const [hidden, cache] = decode(config, params, embed(config, params, tokens), {
    attend: (q, k, v, layer) => {
      const [mixed, { keys }] = attend(q, k, v, layer);
      return [mixed, { keys: grow(keepsUnturned ? k : keys), values: grow(v) }];
    },
  });
  // The last positions are picked by a product with one-hot rows.
  const { here } = slots(last, P);
  const picked = reshape(matmul(reshape(here, [B, 1, P]), hidden), [B, config.width]);
  return { logits: head(config, params, finalNorm(config, params, picked)), cache };
}

/** One token more: writes its key and value at its position and attends to all positions up to it. */
export function decodeNext(
  { config, rotation }: Decoder,
  params: Params,
  cache: readonly KeyValue[],
  { tokens, previous, positions }: DecodeInputs,
): Prefilled {
  const [B, G, S] = expectCache(config, cache, tokens);
  const lengths = () => add(reshape(toFloat(positions), [B, 1]), 1);
  const rotate = rotation.placed({ positions: reshape(positions, [B, 1]), rows: S, lengths });
  // Where angles depend on the length, keys turn anew with each token.
  const rotateCached = rotation.varies(S)
    ? rotation.placed({ positions: inOrder(B, S), rows: S, lengths })
    : null;
  const { here, behind } = slots(positions, S);
  const written = broadcastTo(reshape(here, [B, 1, S, 1]), [B, G, S, config.headDim]);
  const write = (into: Tensor, row: Tensor) => select(written, row, into); // [B, G, S, D]
  const biasOf = (window: number) => {
    const hidden = window < S ? add(behind, isBefore(positions, S, window)) : behind;
    return broadcastTo(mul(reshape(hidden, [B, 1, 1, S]), HIDDEN), [B, config.heads, 1, S]);
  };
  const biases = { full: biasOf(S), sliding: biasOf(visible(config, "sliding", S)) };
  const scores = { scale: config.attentionScale, softcap: config.attentionSoftcap };
  const embedded = embedNext(config, params, tokens, previous, positions);
  const [output, memory] = decode(config, params, embedded, {
    attend: (q, k, v, layer) => {
      const { keys, values } = at(cache, layer);
      const row = rotateCached ? k : rotate(k, layer);
      const next = { keys: write(keys, row), values: write(values, v) };
      const turned = rotateCached ? rotateCached(next.keys, layer) : next.keys;
      const bias = biases[at(config.layerTypes, layer)];
      return [biasedAttention(rotate(q, layer), turned, next.values, bias, scores), next];
    },
  });
  const last = reshape(output, [B, config.width]);
  return { logits: head(config, params, finalNorm(config, params, last)), cache: memory };
}

/** int [B, T]: 0 … T−1 in each row. */
const inOrder = (B: number, T: number): Tensor =>
  constant(
    Int32Array.from({ length: B * T }, (_, n) => n % T),
    [B, T],
  );

const slotNumbers = (S: number): Tensor => tensor([Array.from({ length: S }, (_, s) => s)]); // [1, S]

/** Where S slots stand against positions [B]: 1 at the position, and 1 behind it; [B, S] each. */
function slots(positions: Tensor, S: number): { here: Tensor; behind: Tensor } {
  const B = at(positions.shape, 0);
  const slot = slotNumbers(S);
  const place = reshape(toFloat(positions), [B, 1]);
  const behind = less(place, slot);
  return { here: sub(sub(full([B, S], 1), less(slot, place)), behind), behind };
}

/** 1 at slots that have left the window of positions [B]: [B, S]. */
const isBefore = (positions: Tensor, S: number, window: number): Tensor =>
  less(slotNumbers(S), sub(reshape(toFloat(positions), [-1, 1]), window - 1));

function expectCache(
  config: FullConfig,
  cache: readonly KeyValue[],
  tokens: Tensor,
): [B: number, G: number, S: number] {
  const [B, G, S, D] = cache[0]?.keys.shape ?? [];
  const ok =
    cache.length === config.layers &&
    B === tokens.shape[0] &&
    G === config.kvHeads &&
    D === config.headDim;
  if (!ok)
    throw new ShapeError(
      "decode",
      `a cache of ${config.layers} layers [B, ${config.kvHeads}, S, ${config.headDim}] and tokens [B]`,
      [cache[0]?.keys.shape ?? [], tokens.shape],
    );
  return [B as number, G as number, S as number];
}
