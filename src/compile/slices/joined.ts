import { at, sizeOf } from "../../tensor/shapes.ts";
import type { Value } from "../plan.ts";
import type { Builder, Partition, Span } from "./builder.ts";
import type { Cut, Run } from "./cuts.ts";

/**
 * Tensors put together along an axis.
 * @param old what they make, if it is not more than a step on the way
 */
export function joined(b: Builder, parts: readonly Value[], axis: number, old?: Value): Value {
  const first = at(parts, 0);
  const length = parts.reduce((sum, part) => sum + at(part.shape, axis), 0);
  if (parts.length > 1)
    return b.emit("concat", { axis }, parts, first.shape.with(axis, length), old);
  return old ? b.emit("alias", {}, parts, first.shape, old) : first;
}

/** Pieces of a result, joined; one alone is what they make already. */
export const allOf = (b: Builder, pieces: readonly Value[], old?: Value): Value =>
  pieces.length === 1 ? at(pieces, 0) : joined(b, pieces, 0, old);

/** Makes a result that is not cut of what comes of each part. */
export function wholeOf(
  b: Builder,
  partition: Partition,
  output: Value,
  work: (span: Span) => readonly Value[],
): void {
  const parts: Value[] = [];
  b.makeWhole(
    partition,
    output,
    (span) => parts.push(...work(span)),
    () => joined(b, parts, 0, output),
  );
}

/** Makes a result part by part. @param cut how it is cut where it is too large for one tensor */
export function partByPart(
  b: Builder,
  partition: Partition,
  output: Value,
  cut: Cut,
  work: (span: Span, old?: Value) => Value,
): void {
  if (sizeOf(output.shape) > b.most)
    b.makeParts(partition, output, cut, (span) => work(span, output));
  else wholeOf(b, partition, output, (span) => [work(span)]);
}

/** Some rows of a matrix, the last excluded. */
export function someRows(b: Builder, x: Value, [from, to]: Run["rows"]): Value {
  const [rows, columns] = [at(x.shape, 0), at(x.shape, 1)];
  if (from === 0 && to === rows) return x;
  const attrs = { start: [from, 0], size: [to - from, columns] };
  return b.emit("slice", attrs, [x], attrs.size);
}
