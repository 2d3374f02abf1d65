import { full } from "../tensor/apply.ts";
import { ShapeError } from "../tensor/errors.ts";
import { asTensor } from "../tensor/ops.ts";
import { inFloat32, isFloat32 } from "../tensor/options.ts";
import { sameShape } from "../tensor/shapes.ts";
import { isTensor, type Tensor } from "../tensor/tensor.ts";
import { entries } from "../tensor/tree.ts";
import { mapTensors, type TensorTree } from "./optimizer.ts";
import { constant, type Schedule } from "./schedules.ts";

// What optimizers have in common in their options.

/**
 * A number is a schedule that never changes; of a function it is seen that its rates are scalars,
 * as another shape would become the parameters'.
 * @throws RangeError for a negative rate
 */
export function scheduleOf(learningRate: number | Schedule): Schedule {
  if (typeof learningRate !== "function") return constant(learningRate);
  return (step) => {
    const rate = asTensor(learningRate(step));
    if (rate.shape.length > 0 && !sameShape(rate.shape, step.shape))
      throw new ShapeError("schedule", "a learning rate that is a scalar", [rate.shape]);
    return rate;
  };
}

/** @throws TypeError for what cannot be trained, naming it */
export function expectFloats(caller: string, params: unknown): void {
  for (const [name, leaf] of entries<unknown>(params as TensorTree))
    if (!isTensor(leaf) || leaf.dtype !== "float")
      throw new TypeError(
        `${caller}: expected float parameters, got ${isTensor(leaf) ? leaf.dtype : leaf} at ${name || "the top"}`,
      );
}

/** An optimizer's memory of nothing. @throws TypeError for what cannot be trained, naming it */
export function zerosLike(caller: string, params: unknown): TensorTree {
  expectFloats(caller, params);
  return mapTensors((p: Tensor) => full(p.shape, 0), params as TensorTree);
}

/** Whether it has what every optimizer has. */
export function isOptimizer(value: unknown): boolean {
  const { init, update }: { init?: unknown; update?: unknown } = Object(value);
  return typeof init === "function" && typeof update === "function";
}

/** @throws TypeError for what is no optimizer */
export function expectOptimizer(where: string, optimizer: unknown): void {
  if (!isOptimizer(optimizer))
    throw new TypeError(`${where}: expected an optimizer, such as adamw(…), got ${optimizer}`);
}

/** @throws RangeError unless 0 ≤ share < 1, in float32 too */
export function expectShare(caller: string, name: string, share: number): void {
  if (share >= 0 && isFloat32(share) && Math.fround(share) < 1) return;
  const got = share < 1 && Math.fround(share) === 1 ? `${share}, which is 1 in float32` : undefined;
  throw new RangeError(`${caller}: expected 0 ≤ ${name} < 1, got ${got ?? inFloat32(share)}`);
}

/** @throws RangeError unless it is ≥ 0 and finite, in float32 too */
export function expectDecay(caller: string, weightDecay: number): void {
  if (!(weightDecay >= 0 && isFloat32(weightDecay)))
    throw new RangeError(`${caller}: expected weightDecay ≥ 0, got ${inFloat32(weightDecay)}`);
}
