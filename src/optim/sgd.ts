import { full } from "../tensor/apply.ts";
import { add, mul, sub } from "../tensor/ops.ts";
import { expectFlags, expectKnown } from "../tensor/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { mapTensors, type Optimizer, type TensorTree } from "./optimizer.ts";
import type { Schedule } from "./schedules.ts";
import { expectDecay, expectFloats, expectShare, scheduleOf, zerosLike } from "./settings.ts";

/** Rate, momentum and decay of `sgd`. */
export interface SgdOptions {
  /** A number, or a schedule of the step, which counts from 0. */
  readonly learningRate: number | Schedule;
  /** Decay of the velocity; 0 by default, and then there is none. */
  readonly momentum?: number;
  /** Whether to follow the gradient where the velocity leads; false by default. */
  readonly nesterov?: boolean;
  /** Share of a parameter that a step at learning rate 1 takes away; 0 by default. */
  readonly weightDecay?: number;
}

/** Steps done (scalar), and the velocity; empty without momentum. */
export type SgdState = {
  readonly step: Tensor;
  readonly velocity: TensorTree;
};

/**
 * Stochastic gradient descent: v ← momentum · v + g and update = −rate · (v + weightDecay · p), with
 * nesterov −rate · (g + momentum · v + weightDecay · p). The first velocity is g, as in PyTorch and
 * optax; weight decay is decoupled, as in `adamw`.
 * @throws TypeError for an option that is none of these; RangeError unless 0 ≤ momentum < 1,
 *   weightDecay ≥ 0 and a learning rate ≥ 0, or for nesterov without momentum
 * @see https://proceedings.mlr.press/v28/sutskever13.html (Sutskever et al., 2013)
 * @example sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true })
 */
export function sgd(options: SgdOptions): Optimizer<SgdState> {
  expectKnown("sgd", options, ["learningRate", "momentum", "nesterov", "weightDecay"]);
  const { learningRate, momentum = 0, nesterov = false, weightDecay = 0 } = options;
  expectShare("sgd", "momentum", momentum);
  expectDecay("sgd", weightDecay);
  expectFlags("sgd", { nesterov });
  if (nesterov && momentum === 0)
    throw new RangeError("sgd: expected a momentum above 0 with nesterov, got 0");
  const schedule = scheduleOf(learningRate);
  return {
    init(params) {
      expectFloats("sgd", params);
      return { step: full([], 0), velocity: momentum === 0 ? [] : zerosLike("sgd", params) };
    },
    update(grads, { step, velocity }, params) {
      type P = typeof params;
      const rate = schedule(step);
      const faster = (v: Tensor, g: Tensor): Tensor => add(mul(v, momentum), g);
      const next = momentum === 0 ? grads : mapTensors(faster, velocity as P, grads);
      const followed = nesterov ? mapTensors(faster, next, grads) : next;
      const update = (d: Tensor, p: Tensor): Tensor =>
        mul(weightDecay === 0 ? d : add(d, mul(p, weightDecay)), sub(0, rate));
      return [
        mapTensors(update, followed, params),
        { step: add(step, 1), velocity: momentum === 0 ? [] : (next as TensorTree) },
      ];
    },
  };
}
