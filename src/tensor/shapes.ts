import { ShapeError } from "./errors.ts";
import type { Shape } from "./tensor.ts";

/** The element at an index that must be there. @throws RangeError where it is not */
export function at<T>(list: ArrayLike<T>, index: number): T {
  const element = list[index];
  if (element === undefined && !(index in list))
    throw new RangeError(`expected an index below ${list.length}, got ${index}`);
  return element as T;
}

/** The n-th element from the end, by default the last. @throws RangeError where there is none */
export const last = <T>(list: ArrayLike<T>, n = 1): T => at(list, list.length - n);

/** What a map must hold. @throws RangeError where it does not */
export function got<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new RangeError(`expected a known key, got ${String(key)}`);
  return value;
}

/** Tuples of the lengths of a shape, by its rank. */
interface Lengths {
  readonly 2: readonly [number, number];
  readonly 3: readonly [number, number, number];
  readonly 4: readonly [number, number, number, number];
}

/** A shape of a known rank, as a tuple. @throws RangeError for another rank */
export function ofRank<R extends keyof Lengths>(rank: R, shape: Shape): Lengths[R] {
  if (shape.length !== rank)
    throw new RangeError(`expected a shape of rank ${rank}, got ${shape.length} axes`);
  return shape as Lengths[R];
}

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i] as number;
  return size;
}

/** @throws TypeError for what is no list, ShapeError where a length is no whole number from 0 on */
export function checkLengths(op: string, shape: Shape): Shape {
  if (!Array.isArray(shape))
    throw new TypeError(`${op}: expected a list of lengths as shape, got ${shape}`);
  for (let i = 0; i < shape.length; i++)
    if (!isCount(shape[i])) throw new ShapeError(op, "whole numbers from 0 on as lengths", [shape]);
  return shape;
}

export const isCount = (n: number | undefined): boolean =>
  n !== undefined && Number.isSafeInteger(n) && n >= 0;

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Elements to step over for the next index of each axis, row-major. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  for (let axis = shape.length - 1, step = 1; axis >= 0; step *= at(shape, axis--))
    strides[axis] = step;
  return strides;
}

/** The place of the element at an index, a number for each axis, among all, row-major. */
export function placeOf(index: readonly number[], shape: Shape): number {
  const strides = stridesOf(shape);
  return index.reduce((sum, n, axis) => sum + n * at(strides, axis), 0);
}

/**
 * The elements around one axis, row-major: `outer` blocks of `n` steps of `inner` elements.
 * @param axis from either end
 */
export function around(shape: Shape, axis: number): { outer: number; n: number; inner: number } {
  const from = axis < 0 ? axis + shape.length : axis;
  return {
    outer: sizeOf(shape.slice(0, from)),
    n: at(shape, from),
    inner: sizeOf(shape.slice(from + 1)),
  };
}

/** Resolves an axis counted from either end. @throws RangeError outside the rank. */
export function resolveAxis(op: string, axis: number, rank: number): number {
  const resolved = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || resolved < 0 || resolved >= rank)
    throw new RangeError(`${op}: expected an axis of a rank ${rank} tensor, got ${axis}`);
  return resolved;
}

/** The shape of broadcasting together, by NumPy's rule. @throws ShapeError */
export function broadcastShapes(op: string, ...shapes: readonly Shape[]): Shape {
  let rank = 0;
  for (const { length } of shapes) rank = Math.max(rank, length);
  const together = new Array<number>(rank).fill(1);
  for (const shape of shapes)
    for (let i = 0, axis = rank - shape.length; axis < rank; i++, axis++) {
      const [n, m] = [together[axis] as number, shape[i] as number];
      if (m !== 1 && n !== 1 && m !== n)
        throw new ShapeError(op, "shapes that broadcast together", shapes);
      if (m !== 1) together[axis] = m;
    }
  return together;
}
