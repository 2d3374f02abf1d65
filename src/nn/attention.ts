import { apply } from "../tensor/apply.ts";
import { grouped } from "../tensor/attention/attention.ts";
import { ShapeError } from "../tensor/errors.ts";
import { add, div, matmul, mul, reshape, softmax, tanh, transpose } from "../tensor/ops.ts";
import { expectKnown } from "../tensor/options.ts";
import { sameShape } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** [B, m, n, D] → [B, n, m, D]. With m or n = 1 no number moves. */
export function swapAxes(x: Tensor): Tensor {
  const [B, m, n, D] = x.shape as [number, number, number, number];
  return m === 1 || n === 1 ? reshape(x, [B, n, m, D]) : transpose(x, [0, 2, 1, 3]);
}

/**
 * softmax(scale · q · kᵀ) · v, where position t sees the positions ≤ t. With grouped queries each of
 * the G key/value heads serves H/G neighbouring query heads: their rows are read as one matrix, so
 * that no key or value is repeated in memory.
 * @param q [B, H, T, D]
 * @param k [B, G, T, D]
 * @param v [B, G, T, D]
 * @param scale 1 / √D by default
 * @returns [B, H, T, D]
 * @throws ShapeError
 * @see https://arxiv.org/abs/2305.13245 (Ainslie et al., 2023)
 */
export function causalAttention(q: Tensor, k: Tensor, v: Tensor, scale?: number): Tensor {
  const [, , T, D] = expectHeads("causalAttention", q, k, v);
  if (k.shape[2] !== T)
    throw new ShapeError("causalAttention", "as many queries as keys", [q.shape, k.shape]);
  return apply("causalAttention", [q, k, v], { scale: scale ?? 1 / Math.sqrt(D) });
}

/** How scores come from products of queries and keys. */
export interface Scores {
  /** 1 / √D by default. */
  readonly scale?: number;
  /** c of c · tanh(x / c), which bounds the scaled products x; null, no bound, by default. */
  readonly softcap?: number | null;
}

/** The slots of a cache, or places of a packed row, that each query sees; data. */
export interface Range {
  /** int [B, T], where the queries stand, below S. */
  readonly slots: Tensor;
  /** int [B, T], how many slots behind its own a query sees, unless a window is shorter; no more
   * than there are. */
  readonly positions: Tensor;
  /** Most slots that a query sees, its own included; all by default. */
  readonly window?: number | null;
}

/**
 * Attention of which only what is seen is computed: over the live slots of a cache, within windows
 * or within the segments of packed rows.
 * @param q [B, H, T, D]
 * @param k [B, G, S, D]
 * @param v [B, G, S, D]
 * @returns [B, H, T, D]
 * @throws ShapeError; RangeError for a window below 1, and before a run for slots that are none
 * @example // one token each of two sequences that stand at positions 6 and 2 of their caches
 * const places = ids([[6], [2]]);
 * rangeAttention(q, k, v, { slots: places, positions: places });
 */
export function rangeAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  range: Range,
  options: Scores = {},
): Tensor {
  expectKnown("rangeAttention", range, ["slots", "positions", "window"]);
  expectKnown("rangeAttention", options, ["scale", "softcap"]);
  const { slots, positions, window = null } = range;
  const { scale, softcap = null } = options;
  const [, , , D] = expectHeads("rangeAttention", q, k, v);
  const attrs = { scale: scale ?? 1 / Math.sqrt(D), softcap, window };
  return apply("rangeAttention", [q, k, v, slots, positions], attrs);
}

/** c · tanh(x / c); x itself where c is null. */
export const softcapped = (x: Tensor, c: number | null): Tensor =>
  c === null ? x : mul(tanh(div(x, c)), c);

/**
 * Attention where a bias says who sees what: over a cache of keys and values, within windows or
 * within the segments of a packed row.
 * @param q [B, H, T, D]
 * @param k [B, G, S, D]
 * @param v [B, G, S, D]
 * @param bias added to the scaled scores: 0 keeps, a large negative number hides; broadcasts to
 *   [B, H, T, S]
 * @returns [B, H, T, D]
 * @throws ShapeError
 */
export function biasedAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  bias: Tensor,
  options: Scores = {},
): Tensor {
  expectKnown("biasedAttention", options, ["scale", "softcap"]);
  const { scale, softcap = null } = options;
  const [B, H, T, D] = expectHeads("biasedAttention", q, k, v);
  const scores = reshape(groupedScores(q, k), [B, H, T, k.shape[2] as number]);
  const bounded = softcapped(mul(scores, scale ?? 1 / Math.sqrt(D)), softcap);
  return groupedMix(softmax(add(bounded, bias)), v);
}

const groupedScores = (q: Tensor, k: Tensor): Tensor =>
  matmul(grouped(q, k.shape[1] as number), k, { transposeB: true });

/** weights [B, H, T, S] · v [B, G, S, D] → [B, H, T, D]. */
function groupedMix(weights: Tensor, v: Tensor): Tensor {
  const mixed = matmul(grouped(weights, v.shape[1] as number), v);
  return reshape(mixed, [...weights.shape.slice(0, 3), v.shape[3] as number]);
}

function expectHeads(
  caller: string,
  q: Tensor,
  k: Tensor,
  v: Tensor,
): [B: number, H: number, T: number, D: number] {
  const [B, H, T, D] = q.shape as [number, number, number, number];
  const [Bk, G, , Dk] = k.shape as [number, number, number, number];
  const ok =
    q.shape.length === 4 && sameShape(k.shape, v.shape) && Bk === B && Dk === D && H % G === 0;
  if (!ok)
    throw new ShapeError(caller, "[B, H, T, D] and twice [B, G, S, D], G a divisor of H", [
      q.shape,
      k.shape,
      v.shape,
    ]);
  return [B, H, T, D];
}
