import { abs, add, less, max, mul, select, sub, sum } from "../tensor/ops.ts";
import { sizeOf } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { AdamwState } from "./adamw.ts";
import { mapTensors, type Optimizer } from "./optimizer.ts";
import { expectOptimizer } from "./settings.ts";

/**
 * Momentum-filtered optimization: a step changes, in each tensor, only the entries with the largest
 * |momentum|; the others keep their values, and their moments go on.
 * @param share of each tensor's entries, in (0, 1]: at most so many, at least one. The paper's 0.15; 1
 *   changes all of them.
 * @throws RangeError for another share, TypeError for what is no such optimizer
 * @see https://arxiv.org/abs/2407.20999 (Chen et al., 2024), algorithm 1
 * @example mofo(adamw({ learningRate: 1e-5 }), 0.15)
 */
export function mofo(optimizer: Optimizer<AdamwState>, share: number): Optimizer<AdamwState> {
  if (!(share > 0 && share <= 1))
    throw new RangeError(`mofo: expected a share in (0, 1], got ${share}`);
  expectOptimizer("mofo", optimizer);
  if (share === 1) return optimizer;
  return {
    ...optimizer,
    update(grads, state, params) {
      const [updates, next] = optimizer.update(grads, state, params);
      if (!Object.hasOwn(next, "mean"))
        throw new TypeError("mofo: expected an optimizer with mean gradients, adamw, got another");
      const largest = (update: Tensor, momentum: Tensor): Tensor => {
        const size = abs(momentum);
        return select(less(size, leastOf(size, share)), 0, update);
      };
      return [mapTensors(largest, updates, next.mean as typeof updates), next];
    },
  };
}

/** Halvings: the threshold is found to 2⁻²⁴ of the largest. */
const HALVINGS = 24;

/** The threshold that so large a share of numbers ≥ 0 reaches, or a little less. */
function leastOf(x: Tensor, share: number): Tensor {
  if (sizeOf(x.shape) === 0) return x;
  const wanted = Math.max(1, Math.floor(share * sizeOf(x.shape)));
  let high = x.shape.reduce((top: Tensor) => max(top, { axis: -1 }), x);
  let low = mul(high, 0);
  for (let n = 0; n < HALVINGS; n++) {
    const middle = mul(add(low, high), 0.5);
    const reached = sum(sub(1, less(x, middle)));
    const tooMany = less(wanted, reached);
    [low, high] = [select(tooMany, middle, low), select(tooMany, high, middle)];
  }
  return high;
}
