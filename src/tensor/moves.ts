import { apply, full } from "./apply.ts";
import { ShapeError } from "./errors.ts";
import { at, resolveAxis, sameShape, sizeOf } from "./shapes.ts";
import {
  type Attrs,
  type DType,
  type FloatTensor,
  type Inputs,
  isTensor,
  type NodeName,
  type PrimitiveName,
  type Shape,
  type Tensor,
} from "./tensor.ts";

/** A tensor, or a number that stands for a scalar. */
export type Operand = FloatTensor | number;
/** A tensor of a dtype. */
export type Of<D extends DType> = Tensor<NodeName, D>;

/** @throws TypeError for anything else, whatever its type claims */
export function asTensor<D extends DType>(x: Of<D> | number): Of<D | "float">;
export function asTensor(x: Tensor | number): Tensor {
  if (isTensor(x)) return x;
  if (typeof x !== "number") throw new TypeError(`ops: expected a tensor or a number, got ${x}`);
  return full([], x);
}

/** Repeats x to `shape` by NumPy's rule. @throws ShapeError */
export function broadcastTo<D extends DType>(x: Of<D> | number, shape: Shape): Of<D | "float">;
export function broadcastTo(x: Tensor | number, shape: Shape): Tensor {
  const from = asTensor(x);
  if (sameShape(from.shape, shape)) return from;
  const missing = shape.length - from.shape.length;
  if (missing < 0)
    throw new ShapeError("broadcastTo", "no more axes than the target", [from.shape, shape]);
  const aligned =
    missing === 0
      ? from
      : moved(from, "reshape", { shape: [...Array<number>(missing).fill(1), ...from.shape] });
  return sameShape(aligned.shape, shape) ? aligned : apply("broadcast", [aligned], { shape });
}

/** The same numbers in other places, or fewer of them: the dtype stays. */
export const moved = <
  D extends DType,
  K extends "reshape" | "transpose" | "slice" | "pad" | "stopGradient",
>(
  x: Of<D>,
  op: K,
  attrs: Attrs<K>,
): Of<D> => apply<PrimitiveName>(op, [x] as Inputs<K>, attrs) as Of<D>;

/**
 * Reshapes; one length may be −1 and is inferred.
 * @throws ShapeError
 * @example reshape(x, [2, -1]) // [4, 3] → [2, 6]
 */
export function reshape<D extends DType>(x: Of<D>, shape: Shape): Of<D> {
  if (!shape.includes(-1)) return reshaped(x, shape);
  const known = shape.reduce((n, m) => (m === -1 ? n : n * m), 1);
  const open = shape.filter((m) => m === -1).length;
  if (open > 1 || known === 0)
    throw new ShapeError("reshape", "one length −1 at most, beside lengths above 0", [shape]);
  return reshaped(
    x,
    shape.map((m) => (m === -1 ? sizeOf(x.shape) / known : m)),
  );
}

const reshaped = <D extends DType>(x: Of<D>, shape: Shape): Of<D> =>
  sameShape(x.shape, shape) ? x : moved(x, "reshape", { shape: [...shape] });

/** Axis i of the result is axis permutation[i] of x; reverses all axes by default. */
export function transpose<D extends DType>(x: Of<D>, permutation?: readonly number[]): Of<D> {
  const axes = permutation ?? x.shape.map((_, i) => x.shape.length - 1 - i);
  if (axes.every((axis, i) => axis === i) && axes.length === x.shape.length) return x;
  return moved(x, "transpose", { permutation: axes });
}

/** The part of x that begins at `start` and has the shape `size`. @throws ShapeError where x ends before */
export const slice = <D extends DType>(
  x: Of<D>,
  start: readonly number[],
  size: readonly number[],
): Of<D> =>
  sameShape(x.shape, size) && start.length === size.length && start.every((n) => n === 0)
    ? x
    : moved(x, "slice", { start, size });

/** x with so many zeros before and after it along each axis. @throws ShapeError */
export const pad = <D extends DType>(
  x: Of<D>,
  before: readonly number[],
  after: readonly number[],
): Of<D> =>
  [before, after].every((n) => n.length === x.shape.length && n.every((zeros) => zeros === 0))
    ? x
    : moved(x, "pad", { before, after });

/** Tensors one after the other along an axis, the first by default. @throws ShapeError where others differ;
 * RangeError for an axis that there is not */
export function concat<D extends DType>(inputs: readonly Of<D>[], axis = 0): Of<D> {
  const attrs = { axis: resolveAxis("concat", axis, inputs[0]?.shape.length ?? 1) };
  if (inputs.length === 1) return at(inputs, 0);
  return apply("concat", inputs, attrs) as Of<D>;
}
