import { full, tensor } from "../tensor/apply.ts";
import { ShapeError } from "../tensor/errors.ts";
import {
  broadcastTo,
  gather,
  less,
  matmul,
  mul,
  pad,
  reshape,
  select,
  sub,
  toFloat,
} from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { biasedAttention, causalAttention } from "./attention.ts";
import type { FullConfig, Params } from "./config.ts";
import { decode, embed, embedNext, type KeyValue, readOut } from "./decoder.ts";
import { type RopeTables, rope } from "./rope.ts";

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
  config: FullConfig,
  params: Params,
  tables: RopeTables,
  tokens: Tensor,
  last: Tensor,
  capacity: number,
): Prefilled {
  const [B, P] = tokens.shape as [number, number];
  if (capacity < P)
    throw new RangeError(`prefill: expected a capacity of at least ${P}, got ${capacity}`);
  const grow = (x: Tensor) => pad(x, [0, 0, 0, 0], [0, 0, capacity - P, 0]);
  const [hidden, cache] = decode(config, params, embed(config, params, tokens), {
    rotate: (x) => rope(x, tables),
    attend: (q, k, v) => [causalAttention(q, k, v), { keys: grow(k), values: grow(v) }],
  });
  // The last positions are picked by a product with one-hot rows.
  const { here } = slots(last, P);
  const picked = reshape(matmul(reshape(here, [B, 1, P]), hidden), [B, config.width]);
  return { logits: readOut(config, params, picked), cache };
}

/** One token more: writes its key and value at its position and attends to all positions up to it. */
export function decodeNext(
  config: FullConfig,
  params: Params,
  tablesOf: (length: number) => RopeTables,
  cache: readonly KeyValue[],
  { tokens, previous, positions }: DecodeInputs,
): Prefilled {
  const [B, G, S] = expectCache(config, cache, tokens);
  const tables = tablesOf(S);
  const { here, hidden } = slots(positions, S);
  const written = broadcastTo(reshape(here, [B, 1, S, 1]), [B, G, S, config.headDim]);
  const write = (into: Tensor, row: Tensor) => select(written, row, into); // [B, G, S, D]
  // Finite, so that no engine meets ∞ − ∞; e to that power is exactly 0.
  const bias = broadcastTo(mul(reshape(hidden, [B, 1, 1, S]), -1e30), [B, config.heads, 1, S]);
  const [output, memory] = decode(config, params, embedNext(config, params, tokens, previous), {
    rotate: rotateRows({ cos: gather(tables.cos, positions), sin: gather(tables.sin, positions) }),
    attend: (q, k, v, layer) => {
      const { keys, values } = cache[layer] as KeyValue;
      const next = { keys: write(keys, k), values: write(values, v) };
      return [biasedAttention(q, next.keys, next.values, bias), next];
    },
  });
  const logits = readOut(config, params, reshape(output, [B, config.width]));
  return { logits, cache: memory };
}

/** Where S slots stand against positions [B]: 1 at the position, and 1 behind it; [B, S] each. */
function slots(positions: Tensor, S: number): { here: Tensor; hidden: Tensor } {
  const B = positions.shape[0] as number;
  const slot = tensor([Array.from({ length: S }, (_, s) => s)]); // [1, S]
  const at = reshape(toFloat(positions), [B, 1]);
  const hidden = less(at, slot);
  return { here: sub(sub(full([B, S], 1), less(slot, at)), hidden), hidden };
}

/** Turns x [B, heads, 1, D] by each sequence's own row of the tables [B, D/2]. */
function rotateRows({ cos, sin }: RopeTables): (x: Tensor) => Tensor {
  return (x) => {
    const [B, heads, , D] = x.shape as [number, number, number, number];
    const perHead = (table: Tensor) =>
      reshape(broadcastTo(reshape(table, [B, 1, D / 2]), [B, heads, D / 2]), [B * heads, D / 2]);
    const tables = { cos: perHead(cos), sin: perHead(sin) };
    return reshape(rope(reshape(x, [B * heads, D]), tables), x.shape);
  };
}

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
