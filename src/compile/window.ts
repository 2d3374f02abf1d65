import { placeOf, sizeOf } from "../tensor/shapes.ts";
import type { Step, Value } from "./plan.ts";

/** A window keeps the whole alive: a smaller part of it than this is better copied. */
const LEAST_PART = 1 / 8;

/** Where a slice begins in what it is a part of, if it lies there in one run and can be a window of it. */
export function windowStart({
  inputs,
  attrs,
  output,
}: Pick<Step<"slice">, "inputs" | "attrs" | "output">): number | undefined {
  const [{ shape }] = inputs as readonly [Value];
  const part = output.shape;
  const isRun = part.every((n, axis) => n === shape[axis] || sizeOf(part.slice(0, axis)) === 1);
  const isLarge = sizeOf(part) >= Math.max(1, LEAST_PART * sizeOf(shape));
  return isRun && isLarge ? placeOf(attrs.start, shape) : undefined;
}
