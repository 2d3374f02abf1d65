import { add, exp, log, max, maximum, sub, sum } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** log(eᵃ + eᵇ), elementwise; never overflows. */
export function logAddExp(a: Tensor, b: Tensor): Tensor {
  const top = maximum(a, b);
  return add(top, log(add(exp(sub(a, top)), exp(sub(b, top)))));
}

/** log Σ exp x over the last axis: [..., V] → [...]; never overflows. */
export function logSumExp(x: Tensor): Tensor {
  const top = max(x, { axis: -1, keepAxes: true });
  const total = sum(exp(sub(x, top)), { axis: -1, keepAxes: true });
  return sum(add(top, log(total)), { axis: -1 });
}
