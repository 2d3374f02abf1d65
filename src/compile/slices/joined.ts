import { at } from "../../tensor/shapes.ts";
import type { Value } from "../plan.ts";
import type { Builder } from "./builder.ts";

/** Tensors put together along an axis. @param old what they make, if it is not more than a step on the way */
export function joined(b: Builder, parts: readonly Value[], axis: number, old?: Value): Value {
  const first = at(parts, 0);
  const length = parts.reduce((sum, part) => sum + at(part.shape, axis), 0);
  if (parts.length > 1)
    return b.emit("concat", { axis }, parts, first.shape.with(axis, length), old);
  return old ? b.emit("alias", {}, parts, first.shape, old) : first;
}

/** Some rows of a matrix. */
export function someRows(b: Builder, x: Value, from: number, to: number): Value {
  const [rows, columns] = [at(x.shape, 0), at(x.shape, 1)];
  if (from === 0 && to === rows) return x;
  const attrs = { start: [from, 0], size: [to - from, columns] };
  return b.emit("slice", attrs, [x], attrs.size);
}
