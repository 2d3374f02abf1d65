import { last, sizeOf } from "../../tensor/shapes.ts";
import type { Shape } from "../../tensor/tensor.ts";

/** A tensor as rows of its last axis, and how it is cut: all parts but the last have `rows` of them. */
export interface Cut {
  /** Of the whole tensor. */
  readonly total: number;
  readonly rows: number;
  /** Numbers in a row. */
  readonly width: number;
}

/** Numbers that parts are multiples of, so that each can be written and read from where it begins. */
const EVERY = 64;

/**
 * How a tensor is cut so that no part has more than `most` numbers; undefined for one that is small
 * enough. It depends on nothing else: equal tensors of several programs are cut alike.
 * @throws RangeError where a row is too long, or rows do not make up whole groups of 64 numbers
 */
export function cutOf(shape: Shape, most: number): Cut | undefined {
  const size = sizeOf(shape);
  if (size <= most) return undefined;
  // A tensor of one row is cut anywhere.
  const width = shape.length === 1 ? 1 : last(shape);
  const total = size / width;
  const every = EVERY / commonDivisor(EVERY, width);
  const largest = Math.floor(most / width / every) * every;
  if (largest < 1)
    throw new RangeError(
      `expected rows of at most ${Math.floor(most / every)} numbers where a tensor has more than ${most}, got ${width}`,
    );
  const parts = Math.ceil(total / largest);
  return { total, rows: Math.ceil(total / parts / every) * every, width };
}

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));

/** From which row on to which each part is, the last excluded. */
export function rowSpans({
  total,
  rows,
}: Pick<Cut, "total" | "rows">): readonly (readonly [from: number, to: number])[] {
  const spans: [number, number][] = [];
  for (let from = 0; from < total; from += rows) spans.push([from, Math.min(total, from + rows)]);
  return spans;
}

/** Lengths of the parts of a tensor, in numbers: one for what is not cut. */
export function partSizes(shape: Shape, most: number): readonly number[] {
  const cut = cutOf(shape, most);
  return cut ? rowSpans(cut).map(([from, to]) => (to - from) * cut.width) : [sizeOf(shape)];
}
