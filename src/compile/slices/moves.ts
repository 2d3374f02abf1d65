import { at, last, sizeOf, stridesOf } from "../../tensor/shapes.ts";
import type { Shape } from "../../tensor/tensor.ts";
import type { Step, Value } from "../plan.ts";
import type { Builder, Span } from "./builder.ts";
import { cutOf, inRows } from "./cuts.ts";
import { joined } from "./joined.ts";
import { gathered } from "./tables.ts";

/** Ids are floats where tensors are in parts, which skip numbers from here on. */
const MOST_IDS = 2 ** 24;

/** Which row of the source each row of a result is. */
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
  const rows = b.rows(x, total, { i: -1, from, to: from + count, rows: 0 });
  return { ...rows, shape: [count, sizeOf(x.shape) / total] };
}

/** Whether each part of a tensor, if it is cut, has whole rows of a length. */
function hasRows(b: Builder, x: Value, length: number): boolean {
  const cut = b.cut(x);
  return cut === undefined || inRows(cut, length) !== undefined;
}

/** Makes a result that is cut or not by what makes its rows. */
function inSpans(
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
      pieces.push(finish(takenRows(b, x, rows), count === to - from ? old : undefined));
    }
    return pieces.length === 1 ? at(pieces, 0) : joined(b, pieces, 0, old);
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
