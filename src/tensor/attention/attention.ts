import { apply } from "../apply.ts";
import * as ops from "../ops.ts";
import { at, ofRank, sizeOf } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";

/** [B, H, T, D] as [B, G, H/G · T, D]: the rows that one key/value head serves. */
export function grouped(x: Tensor, G: number): Tensor {
  const [B, H, T, D] = ofRank(4, x.shape);
  return ops.reshape(x, [B, G, (H / G) * T, D]);
}

const headsOf = (k: Tensor): number => at(k.shape, 1);

function weightsOf(q: Tensor, k: Tensor, scale: number): Tensor {
  const [B, H, T] = ofRank(4, q.shape);
  const scores = ops.matmul(grouped(q, headsOf(k)), k, { transposeB: true });
  return apply("causalSoftmax", [ops.reshape(scores, [B, H, T, T])], { scale });
}

/** What causalAttention means. */
export function attention(q: Tensor, k: Tensor, v: Tensor, scale: number): Tensor {
  const mixed = ops.matmul(grouped(weightsOf(q, k, scale), headsOf(v)), v);
  return ops.reshape(mixed, q.shape);
}

/** What causalAttentionGrad means. */
export function attentionGrad(
  [g, q, k, v]: readonly [g: Tensor, q: Tensor, k: Tensor, v: Tensor],
  scale: number,
): Tensor {
  const weights = weightsOf(q, k, scale);
  return throughWeights([g, q, k, v], weights, (gWeights) =>
    apply("causalSoftmaxGrad", [gWeights, weights], { scale }),
  );
}

/**
 * The cotangents of q, k and v, one after the other in one axis.
 * @param weights [B, H, T, S], by which the values of S slots are mixed
 * @param toScores makes of their cotangent that of the products q · kᵀ
 */
export function throughWeights(
  [g, q, k, v]: readonly [g: Tensor, q: Tensor, k: Tensor, v: Tensor],
  weights: Tensor,
  toScores: (gWeights: Tensor) => Tensor,
): Tensor {
  const G = headsOf(k);
  const products = ops.matmul(grouped(g, G), v, { transposeB: true });
  const gScores = grouped(toScores(ops.reshape(products, weights.shape)), G);
  const parts = [
    ops.matmul(gScores, k),
    ops.matmul(gScores, grouped(q, G), { transposeA: true }),
    ops.matmul(grouped(weights, G), grouped(g, G), { transposeA: true }),
  ];
  return ops.concat(parts.map((part) => ops.reshape(part, [sizeOf(part.shape)])));
}

/** Cuts what causalAttentionGrad makes into the cotangents of q, k and v. */
export function cutAttentionGrad(flat: Tensor, like: readonly Tensor[]): Tensor[] {
  let from = 0;
  return like.map(({ shape }) => {
    const size = sizeOf(shape);
    from += size;
    return ops.reshape(ops.slice(flat, [from - size], [size]), shape);
  });
}
