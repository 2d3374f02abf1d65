import { full } from "../tensor/apply.ts";
import { add, cos, div, less, minimum, mul, select, sub } from "../tensor/ops.ts";
import { expectKnown, inFloat32, isFloat32, MOST_COUNTED } from "../tensor/options.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The learning rate (scalar) at a step (float scalar, from 0), as part of the graph. */
export type Schedule = (step: Tensor) => Tensor;

/** A schedule that rises to its peak and falls to the end of the run. */
export interface WarmupOptions {
  /** The rate at the end of the warm-up. */
  readonly learningRate: number;
  /** Number of steps of the whole run. */
  readonly steps: number;
  /** Share of the steps over which the rate rises from 0; 0.05 by default, at least one step. */
  readonly warmup?: number;
}

/** The same rate at every step. @throws RangeError for a negative rate */
export function constant(learningRate: number): Schedule {
  expectRate(learningRate);
  return () => full([], learningRate);
}

/** A linear rise, then constant. @throws RangeError for impossible options */
export const warmupConstant = (options: WarmupOptions): Schedule =>
  warmup(options, () => full([], 1));

/** A linear rise, then linear decay to 0 at `steps`. @throws RangeError for impossible options */
export const warmupLinear = (options: WarmupOptions): Schedule =>
  warmup(options, (progress) => sub(1, progress));

/**
 * A linear rise, then half a cosine down to 0 at `steps`.
 * @throws RangeError for impossible options
 * @see https://arxiv.org/abs/1608.03983 (Loshchilov and Hutter, 2017), equation 5
 */
export const warmupCosine = (options: WarmupOptions): Schedule =>
  warmup(options, (progress) => mul(add(cos(mul(progress, Math.PI)), 1), 0.5));

/** How long a rate rises, and how much of what is left it falls: see `warmupStableDecay`. */
export interface StableOptions extends WarmupOptions {
  /** Share of the steps behind the warm-up over which the rate falls, in (0, 1]; 0.2 by default. */
  readonly decay?: number;
}

/**
 * A linear rise, a constant rate, and at the end a linear decay to 0 at `steps`. Up to the decay the rate
 * does not depend on `steps`, so that a run can be made longer or shorter while it goes.
 * @throws RangeError for impossible options
 * @see https://arxiv.org/abs/2404.06395 (Hu et al., 2024), section 4
 */
export function warmupStableDecay(options: StableOptions): Schedule {
  expectKnown("schedules", options, ["learningRate", "steps", "warmup", "decay"]);
  const { decay = 0.2, ...rise } = options;
  if (!(isFloat32(decay) && decay > 0 && decay <= 1))
    throw new RangeError(`schedules: expected 0 < decay ≤ 1, got ${inFloat32(decay)}`);
  return warmup(rise, (progress) => minimum(div(sub(1, progress), decay), 1));
}

/**
 * rate · (step + 1) / rising while step < rising, then rate · decay(progress), where progress goes
 * from 0 to 1 over the rest and stays there.
 */
function warmup(options: WarmupOptions, decay: (progress: Tensor) => Tensor): Schedule {
  expectKnown("schedules", options, ["learningRate", "steps", "warmup"]);
  const { learningRate, steps, warmup = 0.05 } = options;
  expectRate(learningRate);
  if (!(Number.isInteger(steps) && steps > 0))
    throw new RangeError(`schedules: expected steps to be a positive integer, got ${steps}`);
  if (steps > MOST_COUNTED)
    throw new RangeError(
      `schedules: expected at most ${MOST_COUNTED} steps, to which float32 counts, got ${steps}`,
    );
  if (!(typeof warmup === "number" && warmup >= 0 && warmup <= 1))
    throw new RangeError(`schedules: expected 0 ≤ warmup ≤ 1, got ${warmup}`);
  const rising = Math.max(1, Math.floor(warmup * steps * NEAR));
  return (step) => {
    const progress = minimum(div(sub(step, rising), Math.max(1, steps - rising)), 1);
    const share = select(less(step, rising), div(add(step, 1), rising), decay(progress));
    return mul(share, learningRate);
  };
}

/** A share of steps that is whole is not to miss it by its rounding: 0.29 of 100 are 29. */
const NEAR = 1 + 2 ** -51;

function expectRate(learningRate: number): void {
  if (!(learningRate >= 0 && isFloat32(learningRate)))
    throw new RangeError(`schedules: expected learningRate ≥ 0, got ${inFloat32(learningRate)}`);
}
