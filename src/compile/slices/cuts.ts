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

export const commonDivisor = (a: number, b: number): number =>
  b === 0 ? a : commonDivisor(b, a % b);

/** A cut as rows of a length, if no row lies in two parts. */
export function inRows(
  { total, rows, width }: Cut,
  length: number,
): Pick<Cut, "total" | "rows"> | undefined {
  if ((rows * width) % length !== 0) return undefined;
  return { total: (total * width) / length, rows: (rows * width) / length };
}

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

/** Neighbouring matrices of a stack, whole; or some rows of one, then `matrices` is 1. */
export interface Run {
  readonly first: number;
  readonly matrices: number;
  /** Rows of the first matrix from and to which it goes, the last excluded. */
  readonly from: number;
  readonly to: number;
  /** The same, among all rows that the runs are made of. */
  readonly rows: readonly [from: number, to: number];
}

/**
 * Rows of a stack of matrices as runs, in order.
 * @param length rows of a matrix
 * @param most whole matrices of a run
 */
export function runsOf(
  { from, to }: { readonly from: number; readonly to: number },
  length: number,
  most: number = Infinity,
): readonly Run[] {
  const runs: Run[] = [];
  for (let row = from; row < to; ) {
    const [first, start] = [Math.floor(row / length), row % length];
    const whole = start === 0 ? Math.min(most, Math.floor((to - row) / length)) : 0;
    const matrices = Math.max(1, whole);
    const end = whole > 0 ? length : Math.min(length, start + to - row);
    const next = row + matrices * (end - start);
    runs.push({ first, matrices, from: start, to: end, rows: [row - from, next - from] });
    row = next;
  }
  return runs;
}

/**
 * Rows of each part of a stack of matrices: whole matrices, or parts of equal length of each, where
 * that is possible without making many more of them.
 * @param length rows of a matrix
 * @param largest rows that a part may have
 */
export function rowsOfStack(batch: number, length: number, largest: number): number {
  if (largest >= length) {
    const parts = Math.ceil(batch / Math.floor(largest / length));
    return Math.ceil(batch / parts) * length;
  }
  const least = Math.ceil(length / largest);
  for (let parts = least; parts < 4 * least; parts++)
    if (length % parts === 0) return length / parts;
  return Math.ceil(length / least);
}
