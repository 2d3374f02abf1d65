import { cast } from "../tensor/ops.ts";
import { expectOneOf } from "../tensor/options.ts";
import type { StorageType, Tensor } from "../tensor/tensor.ts";
import { applyUpdates, mapTensors, type Optimizer, type TensorTree } from "./optimizer.ts";
import { expectOptimizer } from "./settings.ts";

/**
 * Training in a narrow type, as libraries do that load weights in bf16 and keep no float32 copy: after
 * each step the parameters are rounded to it, to the nearest, and so is what the optimizer remembers of
 * them. Updates below half a unit in the last place of a parameter change nothing: in bf16 those
 * below 1/512 of it. What is a single number, such as a count of steps, stays as it is.
 * @throws TypeError for what is no optimizer, RangeError for another dtype
 * @example rounded(adamw({ learningRate: 1e-5 }), "bf16")
 */
export function rounded<State extends TensorTree>(
  optimizer: Optimizer<State>,
  dtype: Exclude<StorageType, "q8_0">,
): Optimizer<State> {
  expectOptimizer("rounded", optimizer);
  expectOneOf("rounded", dtype, ["bf16", "f16"]);
  const round = (x: Tensor): Tensor => cast(cast(x, dtype), "float");
  const kept = (x: Tensor): Tensor => (x.shape.length === 0 ? x : round(x));
  return {
    init: optimizer.init,
    update(grads, state, params) {
      const [updates, next] = optimizer.update(grads, state, params);
      return [updates, mapTensors(kept, next)];
    },
    apply: (params, updates) =>
      mapTensors(round, (optimizer.apply ?? applyUpdates)(params, updates)),
  };
}
