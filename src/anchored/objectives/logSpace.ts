import { LARGEST } from "../../optim/clip.ts";
import { add, exp, less, log, max, maximum, mul, neg, select, sub, sum } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** p · x, and 0 where p is 0 whatever x is there, ±∞ and NaN too: what an expectation means. So is
 * the gradient. */
export const weighed = (p: Tensor, x: Tensor): Tensor => mul(p, select(less(0, p), x, 0));

/** log(eᵃ + eᵇ), elementwise; never overflows, and takes ±∞ for what they are. */
export function logAddExp(a: Tensor, b: Tensor): Tensor {
  const top = maximum(a, b);
  const finite = less(maximum(top, neg(top)), LARGEST);
  const shift = select(finite, top, 0);
  // ∞ − ∞ is chosen away before the exponential, so that its gradient is 0 and not 0 · NaN.
  const beside = (x: Tensor): Tensor => exp(select(finite, sub(x, shift), 0));
  return select(finite, add(shift, log(add(beside(a), beside(b)))), top);
}

/** log Σ exp x over the last axis: [..., V] → [...]; never overflows. */
export function logSumExp(x: Tensor): Tensor {
  const top = max(x, { axis: -1, keepAxes: true });
  const total = sum(exp(sub(x, top)), { axis: -1, keepAxes: true });
  return sum(add(top, log(total)), { axis: -1 });
}
