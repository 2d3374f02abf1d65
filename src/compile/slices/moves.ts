import { at, last, sizeOf, stridesOf } from "../../tensor/shapes.ts";
import type { Shape } from "../../tensor/tensor.ts";
import type { Step, Value } from "../plan.ts";
import { anyRows, type Builder, type Span } from "./builder.ts";
import { cutOf, inRows } from "./cuts.ts";
import { allOf, joined } from "./joined.ts";
import { gathered } from "./tables.ts";

/** Ids are floats where tensors are in parts, which skip numbers from here on. */
const MOST_IDS = 2 ** 24;

/** Which row of the source each row of a result is; −1 for one of zeros. */
type RowOf = (row: number) => number;

/**
 * Rows of a result by the strides that their axes have in the source.
 * @param strides in rows
 */
function rowsBy(shape: Shape, strides: readonly number[], first = 0): RowOf {
  const steps = stridesOf(shape);
  return (row) =>
    shape.reduce(
      (place, length, axis) =>
        place + (Math.floor(row / at(steps, axis)) % length) * at(strides, axis),
      first,
    );
}

/** Some numbers that are zero. */
const zeros = (b: Builder, shape: Shape): Value =>
  b.emit("broadcast", { shape }, [{ ...b.numbers(Float32Array.of(0)), shape: [1, 1] }], shape);

/** Rows of a tensor, and of zeros: as they lie where there are none between them. */
function rowsOrZeros(b: Builder, x: Value, rows: readonly number[]): Value {
  if (!rows.includes(-1)) return takenRows(b, x, rows);
  const shape = [rows.length, last(x.shape)];
  const first = rows.findIndex((row) => row >= 0);
  if (first < 0) return zeros(b, shape);
  const end = rows.findLastIndex((row) => row >= 0) + 1;
  const known = rows.slice(first, end);
  const from = at(known, 0);
  if (known.every((row, i) => row === from + i)) {
    const attrs = { before: [first, 0], after: [rows.length - end, 0] };
    return b.emit("pad", attrs, [takenRows(b, x, known)], shape);
  }
  // In place of zeros some row is looked up, and not taken.
  const everywhere = rows.map((row) => (row < 0 ? from : row));
  const isKnown = b.numbers(Float32Array.from(rows, (row) => (row < 0 ? 0 : 1)));
  const column = { ...isKnown, shape: [rows.length, 1] };
  const taken = b.emit("broadcast", { shape }, [column], shape);
  return b.emit("select", {}, [taken, takenRows(b, x, everywhere), zeros(b, shape)], shape);
}

/** Rows of a tensor, whatever their order: those that follow each other as they lie. */
function takenRows(b: Builder, x: Value, rows: readonly number[]): Value {
  const width = last(x.shape);
  const [first, total] = [at(rows, 0), sizeOf(x.shape) / width];
  if (rows.every((row, i) => row === first + i)) return span(b, x, total, first, rows.length);
  const parts = b.cut(x) ? b.parts(x) : [b.whole(x)];
  const tables = parts.map((part) => ({ ...part, shape: [sizeOf(part.shape) / width, width] }));
  return gathered(b, tables, b.numbers(Float32Array.from(rows)));
}

/** Rows that follow each other, wherever they lie. */
function span(b: Builder, x: Value, total: number, from: number, count: number): Value {
  const rows = b.rows(x, total, anyRows(from, from + count));
  return { ...rows, shape: [count, sizeOf(x.shape) / total] };
}

/** Whether each part of a tensor, if it is cut, has whole rows of a length. */
function hasRows(b: Builder, x: Value, length: number): boolean {
  const cut = b.cut(x);
  return cut === undefined || inRows(cut, length) !== undefined;
}

/** Makes a result that is cut or not by what makes its rows. */
export function inSpans(
  b: Builder,
  output: Value,
  width: number,
  work: (span: Span, old?: Value) => Value,
): boolean {
  const cut = cutOf(output.shape, b.most);
  if (cut && cut.width !== width) return false;
  const total = sizeOf(output.shape) / width;
  if (cut) b.makeParts(cut, output, cut, (span) => work(span, output));
  else work({ i: 0, from: 0, to: total, rows: total }, output);
  return true;
}

/** Makes a result whose rows come from rows of a tensor. @param finish makes of them what they become */
function moved(
  b: Builder,
  { inputs, output }: Pick<Step, "inputs" | "output">,
  rowOf: RowOf,
  finish: (rows: Value, old?: Value) => Value,
): boolean {
  const x = at(inputs, 0);
  const [own, width] = [last(x.shape), last(output.shape)];
  // What is taken at a time is no larger than a part, before and after.
  const most = Math.floor(b.most / Math.max(width, own));
  const isKnown = x.dtype === "float" && sizeOf(x.shape) / own <= MOST_IDS && hasRows(b, x, own);
  if (!isKnown || most < 1) return false;
  b.settle([x]);
  return inSpans(b, output, width, ({ from, to }, old) => {
    const pieces: Value[] = [];
    for (let row = from; row < to; row += most) {
      const count = Math.min(most, to - row);
      const rows = Array.from({ length: count }, (_, i) => rowOf(row + i));
      pieces.push(finish(rowsOrZeros(b, x, rows), count === to - from ? old : undefined));
    }
    return allOf(b, pieces, old);
  });
}

const asTheyAre =
  (b: Builder) =>
  (rows: Value, old?: Value): Value =>
    old ? b.emit("alias", {}, [rows], rows.shape, old) : rows;

/** Rows that are repeated, or numbers along them. */
export function broadcastRows(b: Builder, { inputs, output }: Step<"broadcast">): boolean {
  const [x] = inputs as readonly [Value];
  if (output.shape.length < 2) return false;
  const lead = x.shape.slice(0, -1);
  const steps = stridesOf(lead).map((stride, axis) => (at(lead, axis) === 1 ? 0 : stride));
  const rowOf = rowsBy(output.shape.slice(0, -1), steps);
  const width = last(output.shape);
  if (last(x.shape) === width) return moved(b, { inputs, output }, rowOf, asTheyAre(b));
  return moved(b, { inputs, output }, rowOf, (rows, old) => {
    const shape = [at(rows.shape, 0), width];
    return b.emit("broadcast", { shape }, [{ ...rows, shape: [at(shape, 0), 1] }], shape, old);
  });
}

/** Axes in another order, the last in its place; or a matrix turned. */
export function transpose(b: Builder, step: Step<"transpose">): boolean {
  const { attrs, inputs, output } = step;
  const [x] = inputs as readonly [Value];
  const { permutation } = attrs;
  if (last(permutation) !== permutation.length - 1) return turned(b, step);
  const strides = stridesOf(x.shape.slice(0, -1));
  const own = permutation.slice(0, -1).map((axis) => at(strides, axis));
  return moved(b, { inputs, output }, rowsBy(output.shape.slice(0, -1), own), asTheyAre(b));
}

/** Columns become rows, of one matrix. */
function turned(b: Builder, { inputs, output }: Step<"transpose">): boolean {
  const [x] = inputs as readonly [Value];
  const [rows, columns] = [last(x.shape, 2), last(x.shape)];
  const isMatrix = rows * columns === sizeOf(x.shape) && rows === last(output.shape);
  const cut = cutOf(output.shape, b.most);
  if (!isMatrix || !cut || cut.width !== rows || !hasRows(b, x, columns)) return false;
  b.settle([x]);
  b.makeParts(cut, output, cut, ({ from, to }) => {
    const parts = b.cut(x) ? b.parts(x) : [b.whole(x)];
    const pieces = parts.map((part) => {
      const matrix = { ...part, shape: [sizeOf(part.shape) / columns, columns] };
      const some = b.columns(matrix, from, to);
      const shape = [to - from, at(matrix.shape, 0)];
      return b.emit("transpose", { permutation: [1, 0] }, [some], shape);
    });
    return joined(b, pieces, 1, output);
  });
  return true;
}

/** Whole rows, or the same part of each. */
export function slice(b: Builder, { attrs, inputs, output }: Step<"slice">): boolean {
  const [x] = inputs as readonly [Value];
  const { start, size } = attrs;
  if (x.shape.length === 1) {
    b.settle([x]);
    return inSpans(b, output, 1, ({ from, to }, old) =>
      asTheyAre(b)(span(b, x, sizeOf(x.shape), at(start, 0) + from, to - from), old),
    );
  }
  const strides = stridesOf(x.shape.slice(0, -1));
  const first = strides.reduce((row, stride, axis) => row + stride * at(start, axis), 0);
  const rowOf = rowsBy(size.slice(0, -1), strides, first);
  const [from, width] = [last(start), last(size)];
  if (width === last(x.shape)) return moved(b, { inputs, output }, rowOf, asTheyAre(b));
  return moved(b, { inputs, output }, rowOf, (rows, old) => {
    const own = { start: [0, from], size: [at(rows.shape, 0), width] };
    return b.emit("slice", own, [rows], own.size, old);
  });
}

/** Zeros around a tensor. */
export function pad(b: Builder, { attrs, inputs, output }: Step<"pad">): boolean {
  const [x] = inputs as readonly [Value];
  if (x.shape.length === 1) return padded(b, attrs, x, output);
  const lead = output.shape.slice(0, -1);
  const strides = stridesOf(x.shape.slice(0, -1));
  const places = stridesOf(lead);
  const rowOf: RowOf = (row) => {
    let from = 0;
    for (const [axis, length] of lead.entries()) {
      const place = (Math.floor(row / at(places, axis)) % length) - at(attrs.before, axis);
      if (place < 0 || place >= at(x.shape, axis)) return -1;
      from += place * at(strides, axis);
    }
    return from;
  };
  const [width, before, after] = [last(output.shape), last(attrs.before), last(attrs.after)];
  if (width === last(x.shape)) return moved(b, { inputs, output }, rowOf, asTheyAre(b));
  return moved(b, { inputs, output }, rowOf, (rows, old) => {
    const own = { before: [0, before], after: [0, after] };
    return b.emit("pad", own, [rows], [at(rows.shape, 0), width], old);
  });
}

/** Zeros before and after numbers in a row. */
function padded(b: Builder, attrs: Step<"pad">["attrs"], x: Value, output: Value): boolean {
  const [before, n] = [at(attrs.before, 0), sizeOf(x.shape)];
  if (x.dtype !== "float") return false;
  b.settle([x]);
  return inSpans(b, output, 1, ({ from, to }, old) => {
    const [first, end] = [Math.max(from, before), Math.min(to, before + n)];
    if (first >= end) return asTheyAre(b)(zeros(b, [to - from, 1]), old);
    const taken = span(b, x, n, first - before, end - first);
    const own = { before: [first - from, 0], after: [to - end, 0] };
    const isAll = end - first === to - from;
    return isAll ? asTheyAre(b)(taken, old) : b.emit("pad", own, [taken], [to - from, 1], old);
  });
}

/** Tensors one after the other, along the first axis that is longer than 1. */
export function concat(b: Builder, { attrs, inputs, output }: Step<"concat">): boolean {
  const { axis } = attrs;
  if (sizeOf(output.shape.slice(0, axis)) !== 1) return false;
  const width = output.shape.length === 1 ? 1 : last(output.shape);
  if (axis === output.shape.length - 1 && width > 1) return false;
  b.settle(inputs);
  return inSpans(b, output, width, ({ from, to }, old) => {
    let start = 0;
    const pieces = inputs.flatMap((x) => {
      const total = sizeOf(x.shape) / width;
      const [first, end] = [Math.max(from - start, 0), Math.min(to - start, total)];
      start += total;
      return first < end ? [span(b, x, total, first, end - first)] : [];
    });
    return joined(b, pieces, 0, old);
  });
}
