import { apply, constant } from "../apply.ts";
import * as ops from "../ops.ts";
import { at, ofRank } from "../shapes.ts";
import type { Inputs, RangeAttributes, Tensor } from "../tensor.ts";
import { grouped, throughWeights } from "./attention.ts";

const { add, div, less, mul, sub } = ops;

/** Scores of slots that are not seen: finite, so that no engine meets ∞ − ∞; e to it is 0. */
const HIDDEN = -1e30;

/** Weights [B, H, T, S], and the slope of the softcap at each; null where there is none. */
function weightsOf(
  [q, k, , slots, positions]: Inputs<"rangeAttention">,
  { scale, softcap, window }: RangeAttributes,
): [weights: Tensor, slopes: Tensor | null] {
  const [B, H, T] = ofRank(4, q.shape);
  const S = at(k.shape, 2);
  const products = ops.matmul(grouped(q, at(k.shape, 1)), k, { transposeB: true });
  const scores = mul(ops.reshape(products, [B, H, T, S]), scale);
  const turned = softcap === null ? null : ops.tanh(div(scores, softcap));
  const bounded = turned && softcap !== null ? mul(turned, softcap) : scores;
  const column = (x: Tensor) => ops.reshape(ops.toFloat(x), [B, 1, T, 1]);
  const [place, behind] = [column(slots), column(positions)];
  const slot = constant(
    Float64Array.from({ length: S }, (_, s) => s),
    [S],
  );
  const before = window === null ? behind : ops.minimum(behind, window - 1);
  const hidden = add(less(place, slot), less(slot, sub(place, before)));
  // What is hidden weighs nothing, though all that is seen scored −∞.
  const weights = ops.select(hidden, 0, ops.softmax(ops.select(hidden, HIDDEN, bounded)));
  return [weights, turned && sub(1, mul(turned, turned))];
}

/** What rangeAttention means. */
export function rangeAttention(inputs: Inputs<"rangeAttention">, attrs: RangeAttributes): Tensor {
  const [q, , v] = inputs;
  const [weights] = weightsOf(inputs, attrs);
  return ops.reshape(ops.matmul(grouped(weights, at(v.shape, 1)), v), q.shape);
}

/** What rangeAttentionGrad means. */
export function rangeAttentionGrad(
  [g, ...inputs]: Inputs<"rangeAttentionGrad">,
  attrs: RangeAttributes,
): Tensor {
  const [q, k, v] = inputs;
  const [weights, slopes] = weightsOf(inputs, attrs);
  return throughWeights([g, q, k, v], weights, (gWeights) => {
    const through = mul(apply("softmaxGrad", [gWeights, weights], {}), attrs.scale);
    return slopes ? mul(through, slopes) : through;
  });
}
