import { full } from "../tensor/apply.ts";
import { sign } from "../tensor/composed/compare.ts";
import { add, mul, sub } from "../tensor/ops.ts";
import { answered, expectKnown } from "../tensor/options.ts";
import { at } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { entries } from "../tensor/tree.ts";
import type { Decays } from "./adamw.ts";
import { mapTensors, type Optimizer, type TensorTree } from "./optimizer.ts";
import type { Schedule } from "./schedules.ts";
import { expectDecay, expectShare, scheduleOf, zerosLike } from "./settings.ts";

/** Rates, moments and decay of `lion` (arXiv 2302.06675). */
export interface LionOptions {
  /** A number, or a schedule of the step, which counts from 0; a third to a tenth of AdamW's. */
  readonly learningRate: number | Schedule;
  /** Share of the momentum in the direction; 0.9 by default. */
  readonly b1?: number;
  /** Decay of the momentum; 0.99 by default. */
  readonly b2?: number;
  /** Share of a parameter that a step at learning rate 1 takes away; 0 by default. Ten times
   * AdamW's goes with a tenth of its learning rate. */
  readonly weightDecay?: number;
  /** Which parameters decay, by their path in the tree; all of them by default. */
  readonly decays?: Decays;
}

/** Steps done (scalar), and the momentum: half of what AdamW keeps. */
export type LionState = {
  readonly step: Tensor;
  readonly momentum: TensorTree;
};

/**
 * Follows signs: c = b1·m + (1 − b1)·g, update = −rate · (sign(c) + weightDecay · p), and then
 * m ← b2·m + (1 − b2)·g. It keeps one number for each parameter, where AdamW keeps two.
 * @throws TypeError for an option that is none of these; RangeError unless 0 ≤ b1, b2 < 1,
 *   weightDecay ≥ 0 and a learning rate ≥ 0
 * @see https://arxiv.org/abs/2302.06675 (Chen et al., 2023), algorithm 2
 * @example lion({ learningRate: 1e-4, weightDecay: 0.1 })
 */
export function lion(options: LionOptions): Optimizer<LionState> {
  expectKnown("lion", options, ["learningRate", "b1", "b2", "weightDecay", "decays"]);
  const { learningRate, b1 = 0.9, b2 = 0.99, weightDecay = 0, decays = () => true } = options;
  expectShare("lion", "b1", b1);
  expectShare("lion", "b2", b2);
  expectDecay("lion", weightDecay);
  if (typeof decays !== "function")
    throw new TypeError(`lion: expected decays to be a function, got ${decays}`);
  const schedule = scheduleOf(learningRate);
  const between = (share: number) => (m: Tensor, g: Tensor) =>
    add(mul(m, share), mul(g, 1 - share));
  return {
    init: (params) => ({
      step: full([], 0),
      momentum: zerosLike("lion", params),
    }),
    update(grads, { step, momentum }, params) {
      const before = momentum as typeof params;
      const rate = sub(0, schedule(step));
      const names = entries<Tensor>(params as TensorTree).map(([name]) => name);
      let leaf = 0;
      const updates = mapTensors(
        (p, m, g) => {
          const decay = answered("lion decays", decays(at(names, leaf++), p)) ? weightDecay : 0;
          const direction = sign(between(b1)(m, g));
          return mul(decay === 0 ? direction : add(direction, mul(p, decay)), rate);
        },
        params,
        before,
        grads,
      );
      const next = mapTensors(between(b2), before, grads);
      return [updates, { step: add(step, 1), momentum: next as TensorTree }];
    },
  };
}
