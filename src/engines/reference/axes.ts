import { around, at, placeOf, stridesOf } from "../../tensor/shapes.ts";
import type { PrimitiveName, Shape, TypedArray } from "../../tensor/tensor.ts";
import { type Compute, type Operand, read } from "./rows.ts";

/** Reduces one axis: f sees the index of each element along the axis. */
const reduce =
  (f: (n: number, element: (i: number) => number) => number): Compute<"sum" | "max" | "argmax"> =>
  (out, [x], { axis }) => {
    const { outer, n, inner } = around(x.shape, axis);
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < inner; i++)
        out[o * inner + i] = f(n, (j) => read(x.data, (o * n + j) * inner + i));
  };

export const sum: Compute<"sum" | "max" | "argmax"> = reduce((n, element) => {
  let total = 0;
  for (let j = 0; j < n; j++) total += element(j);
  return total;
});

export const argmax: Compute<"sum" | "max" | "argmax"> = reduce((n, element) => {
  let best = 0;
  for (let j = 1; j < n && !Number.isNaN(element(best)); j++)
    if (!(element(j) <= element(best))) best = j;
  return best;
});

export const max: Compute<"sum" | "max" | "argmax"> = reduce((n, element) => {
  let best = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < n; j++) best = Math.max(best, element(j));
  return best;
});

/** Visits every index of `shape` in row-major order with Σ index·strides + offset. */
function walk(shape: Shape, strides: readonly number[], visit: (from: number) => void, offset = 0) {
  const loop = (axis: number, from: number): void => {
    if (axis === shape.length) visit(from);
    else for (let i = 0; i < at(shape, axis); i++) loop(axis + 1, from + i * at(strides, axis));
  };
  loop(0, offset);
}

/** out = x read with other strides. */
function strided(
  out: TypedArray,
  x: Operand,
  shape: Shape,
  strides: readonly number[],
  offset = 0,
): void {
  let i = 0;
  walk(
    shape,
    strides,
    (from) => {
      out[i++] = read(x.data, from);
    },
    offset,
  );
}

export const broadcast: Compute<"broadcast"> = (out, [x], { shape }) => {
  const from = x.shape;
  const strides = stridesOf(from).map((s, axis) => (from[axis] === 1 ? 0 : s));
  strided(out, x, shape, strides);
};

export const transpose: Compute<"transpose"> = (out, [x], { permutation }, shape) => {
  const strides = stridesOf(x.shape);
  strided(
    out,
    x,
    shape,
    permutation.map((axis) => at(strides, axis)),
  );
};

export const slice: Compute<"slice"> = (out, [x], { start, size }) => {
  const { shape } = x;
  strided(out, x, size, stridesOf(shape), placeOf(start, shape));
};

/** Writes x into out at a corner. */
function place(out: TypedArray, x: Operand, corner: readonly number[], shape: Shape): void {
  let i = 0;
  walk(
    x.shape,
    stridesOf(shape),
    (to) => {
      out[to] = read(x.data, i++);
    },
    placeOf(corner, shape),
  );
}

export const pad: Compute<"pad"> = (out, [x], { before }, shape) => {
  out.fill(0);
  place(out, x, before, shape);
};

export const concat: Compute<"concat"> = (out, inputs, { axis }, shape) => {
  let from = 0;
  for (const x of inputs) {
    place(
      out,
      x,
      shape.map((_, i) => (i === axis ? from : 0)),
      shape,
    );
    from += at(x.shape, axis);
  }
};

export const copy: Compute<PrimitiveName> = (out, [x]) => out.set(x.data);
