import { apply, full, tensor } from "../tensor/apply.ts";
import { add, concat, div, mul, reshape, tanh } from "../tensor/ops.ts";
import { answered, expectKnown, inFloat32, isFloat32 } from "../tensor/options.ts";
import { at } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { entries } from "../tensor/tree.ts";
import { mapTensors, type Optimizer, type TensorTree } from "./optimizer.ts";
import type { Schedule } from "./schedules.ts";
import { expectDecay, expectShare, scheduleOf, zerosLike } from "./settings.ts";

/** Rates, moments and decay of `adamw` (arXiv 1711.05101). */
export interface AdamwOptions {
  /** A number, or a schedule of the step, which counts from 0. */
  readonly learningRate: number | Schedule;
  /** Decay of the mean of gradients; 0.9 by default. */
  readonly b1?: number;
  /** Decay of the mean of squared gradients; 0.999 by default. */
  readonly b2?: number;
  /** Keeps the division finite; 1e-8 by default. */
  readonly epsilon?: number;
  /** Share of a parameter that a step at learning rate 1 takes away; 0.01 by default. */
  readonly weightDecay?: number;
  /** Which parameters decay, by their path in the tree; all of them by default. */
  readonly decays?: Decays;
}

/**
 * Whether weight decay holds for a parameter.
 * @param name its path, such as `model.norm.weight`
 * @example adamw({ learningRate: 1e-3, decays: (name) => !/norm|bias/.test(name) })
 */
export type Decays = (name: string, param: Tensor) => boolean;

/** Matrices and embeddings decay; gains of norms and biases, which are vectors, do not. */
export const decaysMatrices: Decays = (_, { shape }) => shape.length > 1;

const NAMES = ["learningRate", "b1", "b2", "epsilon", "weightDecay", "decays"] as const;

/** Steps done (scalar), mean gradients and mean squared gradients. */
export type AdamwState = {
  readonly step: Tensor;
  readonly mean: TensorTree;
  readonly square: TensorTree;
};

/**
 * Adam with decoupled weight decay and bias correction:
 * m ← b1·m + (1 − b1)·g, v ← b2·v + (1 − b2)·g², and at step t = 1, 2, …
 * update = −rate · (m / (1 − b1ᵗ) / (√(v / (1 − b2ᵗ)) + epsilon) + weightDecay · p).
 * @throws TypeError for an option that is none of these; RangeError unless 0 ≤ b1, b2 < 1, epsilon
 *   > 0, weightDecay ≥ 0 and a learning rate ≥ 0, in float32: none vanishes or overflows there
 * @see https://arxiv.org/abs/1711.05101 (Loshchilov and Hutter, 2019), algorithm 2
 */
export function adamw(options: AdamwOptions): Optimizer<AdamwState> {
  expectKnown("adamw", options, NAMES);
  const { learningRate, b1 = 0.9, b2 = 0.999, epsilon = 1e-8, weightDecay = 0.01 } = options;
  const { decays = () => true } = options;
  expectShare("adamw", "b1", b1);
  expectShare("adamw", "b2", b2);
  if (!(epsilon > 0 && isFloat32(epsilon)))
    throw new RangeError(`adamw: expected epsilon > 0, got ${inFloat32(epsilon)}`);
  expectDecay("adamw", weightDecay);
  if (typeof decays !== "function")
    throw new TypeError(`adamw: expected decays to be a function, got ${decays}`);
  const schedule = scheduleOf(learningRate);
  return {
    init: (params) => ({
      step: full([], 0),
      mean: zerosLike("adamw", params),
      square: zerosLike("adamw", params),
    }),
    update: (grads, state, params) => {
      type Params = typeof params;
      const means = mapTensors(
        (m, g) => apply("ema", [m, g], { decay: b1 }),
        state.mean as Params,
        grads,
      );
      const squares = mapTensors(
        (v, g) => apply("emaSquare", [v, g], { decay: b2 }),
        state.square as Params,
        grads,
      );
      const step = add(state.step, 1);
      const rate = reshape(schedule(state.step), [1]);
      const scalars = concat([rate, biasCorrections(step, [b1, b2])]); // [3]
      const names = entries(params as TensorTree).map(([name]) => name);
      let leaf = 0;
      const updates = mapTensors(
        (p, m, v) => {
          const name = at(names, leaf++);
          return apply("adamwUpdate", [p, m, v, scalars], {
            epsilon,
            weightDecay: answered("adamw decays", decays(name, p)) ? weightDecay : 0,
          });
        },
        params,
        means,
        squares,
      );
      return [updates, { step, mean: means as TensorTree, square: squares as TensorTree }];
    },
  };
}

/**
 * 1 / (1 − βᵗ) for each β. Forming 1 − βᵗ by subtraction loses digits in float32 while βᵗ is near
 * 1; with x = −t·ln β and h = tanh(x/2) it equals 2h / (1 + h), where nothing cancels.
 */
function biasCorrections(step: Tensor, betas: readonly number[]): Tensor {
  // β = 0 needs no correction: any x ≥ 40 gives h = 1 in float64.
  const h = tanh(mul(step, tensor(betas.map((beta) => Math.min(-Math.log(beta) / 2, 40)))));
  return div(add(h, 1), mul(h, 2));
}
