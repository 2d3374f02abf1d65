import { inFloat32, isFloat32 } from "../tensor/options.ts";
import { constant, type Schedule } from "./schedules.ts";

// What optimizers have in common in their options.

/** A number is a schedule that never changes. @throws RangeError for a negative rate */
export const scheduleOf = (learningRate: number | Schedule): Schedule =>
  typeof learningRate === "function" ? learningRate : constant(learningRate);

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
