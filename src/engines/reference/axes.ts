import { around, at, placeOf, stridesOf } from "../../tensor/shapes.ts";
import type { PrimitiveName, Shape, TypedArray } from "../../tensor/tensor.ts";
import { type Compute, lengthOfLast, type Operand, read } from "./rows.ts";

/** Reduces one axis: f goes through the `n` elements that stand `step` apart, the first at `from`. */
const reduce =
  (
    f: (data: TypedArray, from: number, step: number, n: number) => number,
  ): Compute<"sum" | "max" | "argmax"> =>
  (out, [x], { axis }) => {
    const { outer, n, inner } = around(x.shape, axis);
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < inner; i++) out[o * inner + i] = f(x.data, o * n * inner + i, inner, n);
  };

export const sum: Compute<"sum" | "max" | "argmax"> = reduce((data, from, step, n) => {
  let total = 0;
  for (let j = 0; j < n; j++) total += data[from + j * step] as number;
  return total;
});

export const argmax: Compute<"sum" | "max" | "argmax"> = reduce((data, from, step, n) => {
  const element = (j: number): number => read(data, from + j * step);
  let best = 0;
  for (let j = 1; j < n && !Number.isNaN(element(best)); j++)
    if (!(element(j) <= element(best))) best = j;
  return best;
});

export const max: Compute<"sum" | "max" | "argmax"> = reduce((data, from, step, n) => {
  let best = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < n; j++) best = Math.max(best, data[from + j * step] as number);
  return best;
});

/** Visits every row of `shape`, in row-major order: where it begins, with Σ index·strides + offset. */
function walk(shape: Shape, strides: readonly number[], visit: (from: number) => void, offset = 0) {
  const loop = (axis: number, from: number): void => {
    if (axis >= shape.length - 1) visit(from);
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
  const [n, step] = [lengthOfLast(shape), strides.at(-1) ?? 1];
  const { data } = x;
  let i = 0;
  walk(
    shape,
    strides,
    (from) => {
      for (let j = 0; j < n; j++) out[i++] = data[from + j * step] as number;
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
  const n = lengthOfLast(x.shape);
  let i = 0;
  walk(
    x.shape,
    stridesOf(shape),
    (to) => {
      for (let j = 0; j < n; j++) out[to + j] = read(x.data, i++);
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
