import { at, got, sizeOf } from "../../tensor/shapes.ts";
import { isStorageType, lengthOf } from "../../tensor/storage/types.ts";
import type { Attrs, DType, PrimitiveName, Shape } from "../../tensor/tensor.ts";
import { traits } from "../../tensor/traits.ts";
import { type DraftStep, finish, type MutableBuffer } from "../lifetimes.ts";
import type { BufferKind, Plan, Value } from "../plan.ts";
import { type Cut, commonDivisor, cutOf, rowSpans } from "./cuts.ts";

/** Some rows: part `i` of those that lanes go through. */
export interface Span {
  readonly i: number;
  readonly from: number;
  readonly to: number;
  /** Rows of every part but the last. */
  readonly rows: number;
}

/** Rows that are no part of any lanes: cut out of what they lie in, or copied out of several parts. */
export const anyRows = (from: number, to: number): Span => ({ i: -1, from, to, rows: 0 });

/** How lanes go through rows. */
export type Partition = Pick<Cut, "total" | "rows">;

/** Work on parts that is done part by part, so that what is between the steps is held for one alone. */
interface Lanes extends Partition {
  readonly work: ((span: Span) => void)[];
  readonly finish: (() => void)[];
  /** Buffers of the old plan that come of it, and whether part by part or at the end. */
  readonly makes: Map<number, "parts" | "end">;
}

/** Writes a plan anew, with large tensors in parts. Values of the old plan are called old. */
export interface Builder {
  readonly most: number;
  /** How an old value is cut, if it is. */
  cut(old: Value): Cut | undefined;
  /** The parts of an old value that is cut, as far as they are made. */
  parts(old: Value): readonly Value[];
  /** The value that stands for an old one which is not cut. */
  whole(old: Value): Value;
  /** Rows of an old value that has `total` of them: a part of it, or copied out of the whole. */
  rows(old: Value, total: number, span: Span): Value;
  /** Some columns of a matrix. */
  columns(matrix: Value, from: number, to: number): Value;
  numbers(data: Float32Array): Value;
  /** A new step. @param old what it makes, if that is not cut, or is a part of */
  emit<K extends PrimitiveName>(
    op: K,
    attrs: Attrs<K>,
    inputs: readonly Value[],
    shape: Shape,
    old?: Value,
  ): Value;
  /**
   * Says that old values must be there: work in parts that makes them ends first.
   * @param rows values of which work in parts needs the part that it is at
   */
  settle(needed: readonly Value[], rows?: readonly Value[]): void;
  /** Work in parts that makes a value which is cut. */
  makeParts(partition: Partition, old: Value, cut: Cut, work: (span: Span) => Value): void;
  /** Work in parts whose results, tensors alike, are added up. @param cut how the sum is cut, if it is */
  makeSum(
    partition: Partition,
    old: Value,
    cut: Cut | undefined,
    work: (span: Span) => readonly Value[],
  ): void;
  /** Work in parts that makes a value which is not cut. @param join puts it together */
  makeWhole(partition: Partition, old: Value, work: (span: Span) => void, join: () => void): void;
  finished(): Plan;
}

const sizesOf = (cut: Cut | undefined): string =>
  cut ? `${cut.total * cut.width} ${cut.rows * cut.width}` : "";

/** @param most numbers of the largest tensor that is not cut */
export function builderOf(old: Plan, most: number): Builder {
  const steps: DraftStep[] = [];
  const buffers: MutableBuffer[] = [];
  const constants: { value: Value; data: Plan["constants"][number]["data"] }[] = [];
  const wholes = new Map<number, Value>();
  const cuts = new Map<number, { readonly cut: Cut; readonly parts: Value[] }>();
  const windows = new Map<string, Value>();
  let lanes: Lanes | undefined;
  const returned = new Map(old.outputs.map((value) => [value.buffer, value]));
  /** Results whose parts are not those of their shape. */
  const uneven = new Set<number>();

  const kindOf = ({ buffer }: Value): BufferKind => at(old.buffers, buffer).kind;
  function create(kind: BufferKind, shape: Shape, dtype: DType): Value {
    buffers.push({ kind, elements: sizeOf(shape), dtype });
    return { buffer: buffers.length - 1, shape, dtype };
  }

  /** What an input or a constant becomes. */
  function opened(value: Value): readonly Value[] {
    const { buffer, shape, dtype } = value;
    const cut = cutOf(shape, most);
    const shapes = cut ? rowSpans(cut).map(([from, to]) => [to - from, cut.width]) : [shape];
    const parts = shapes.map((part) => create(kindOf(value), part, dtype));
    if (cut) cuts.set(buffer, { cut, parts });
    else wholes.set(buffer, at(parts, 0));
    return parts;
  }
  for (const value of old.inputs) opened(value);
  for (const { value, data } of old.constants) {
    let from = 0;
    for (const part of opened(value)) {
      const to = from + lengthOf(part.dtype, part.shape);
      constants.push({ value: part, data: data.subarray(from, to) });
      from = to;
    }
  }

  function lanesOver({ total, rows }: Partition): Lanes {
    if (lanes && (lanes.total !== total || lanes.rows !== rows)) flush();
    lanes ??= { total, rows, work: [], finish: [], makes: new Map() };
    return lanes;
  }

  function flush(): void {
    const ending = lanes;
    lanes = undefined;
    if (!ending) return;
    for (const [i, [from, to]] of rowSpans(ending).entries())
      for (const work of ending.work) work({ i, from, to, rows: ending.rows });
    for (const join of ending.finish) join();
    windows.clear();
  }

  const whole = ({ buffer, shape }: Value): Value => ({ ...got(wholes, buffer), shape });
  const partsOf = (value: Value): readonly Value[] =>
    cuts.get(value.buffer)?.parts ?? [whole(value)];

  /** Numbers of a value that do not lie in one part of it, as rows: copied out of several. */
  function acrossParts(value: Value, from: number, to: number, each: number): Value {
    let start = 0;
    // A number of each row, cut, may be read as rows again that lie in two parts.
    const sizes = builder.parts(value).map((part) => sizeOf(part.shape));
    const unit = sizes.reduce(commonDivisor, each);
    const shape = [(to - from) / each, each];
    const pieces = builder.parts(value).flatMap((part) => {
      const size = sizeOf(part.shape);
      const [first, end] = [Math.max(from - start, 0), Math.min(to - start, size)];
      start += size;
      if (first >= end) return [];
      const table = { ...part, shape: [size / unit, unit] };
      const attrs = { start: [first / unit, 0], size: [(end - first) / unit, unit] };
      return [builder.emit("slice", attrs, [table], attrs.size)];
    });
    const [piece] = pieces;
    if (piece && pieces.length === 1) return { ...piece, shape };
    const rows = builder.emit("concat", { axis: 0 }, pieces, [(to - from) / unit, unit]);
    return { ...rows, shape };
  }

  /** Says how a value is cut; a result that is not cut as its shape is gets its parts in the end. */
  function declare({ buffer }: Value, cut: Cut): Value[] {
    const parts: Value[] = [];
    cuts.set(buffer, { cut, parts });
    const wanted = returned.get(buffer);
    if (wanted && sizesOf(cut) !== sizesOf(cutOf(wanted.shape, most))) uneven.add(buffer);
    return parts;
  }

  /** A result in the parts of its shape. */
  function evened(value: Value): Value[] {
    const cut = cutOf(value.shape, most) as Cut;
    uneven.delete(value.buffer);
    return rowSpans(cut).map(([from, to]) => {
      const rows = acrossParts(value, from * cut.width, to * cut.width, cut.width);
      return builder.emit("alias", {}, [rows], rows.shape, value);
    });
  }

  const builder: Builder = {
    most,
    cut: ({ buffer }) => cuts.get(buffer)?.cut,
    parts: ({ buffer }) => got(cuts, buffer).parts,
    whole,
    rows(value, total, span) {
      const { i, from, to } = span;
      const each = sizeOf(value.shape) / total;
      const isVector = each === 1 && value.shape.at(-1) !== 1;
      const shape = isVector ? [to - from] : [to - from, each];
      const cut = builder.cut(value);
      if (cut) {
        const part = builder.parts(value)[i];
        const isPart = cut.rows * cut.width === span.rows * each;
        const own = isPart && part ? part : acrossParts(value, from * each, to * each, each);
        return { ...own, shape };
      }
      const key = `${value.buffer} ${total} ${from} ${to}`;
      const known = windows.get(key);
      if (known) return { ...known, shape };
      const attrs = { start: [from, 0], size: [to - from, each] };
      const table = { ...whole(value), shape: [total, each] };
      const window = builder.emit("slice", attrs, [table], attrs.size);
      windows.set(key, window);
      return { ...window, shape };
    },
    columns(matrix, from, to) {
      const [rows = 1, columns = 1] = matrix.shape.slice(-2);
      const table = { ...matrix, shape: [rows, columns] };
      const attrs = { start: [0, from], size: [rows, to - from] };
      return builder.emit("slice", attrs, [table], attrs.size);
    },
    numbers(data) {
      const value = create("constant", [data.length], "float");
      constants.push({ value, data });
      return value;
    },
    emit(op, attrs, inputs, shape, made) {
      const { ints, makes } = traits[op];
      const first = ints === "any" || ints === "first" ? inputs[0]?.dtype : undefined;
      // What is stored is widened where it is read, and nowhere else goes through here but by copies.
      const isWidening = op === "gather" && first !== undefined && isStorageType(first);
      const dtype = made?.dtype ?? (isWidening ? "float" : (first ?? makes));
      const isLast = made && !uneven.has(made.buffer);
      const output = create(isLast ? kindOf(made) : "temporary", shape, dtype);
      if (made && !cuts.has(made.buffer)) wholes.set(made.buffer, output);
      steps.push({ op, attrs, inputs, output });
      return output;
    },
    settle(needed, rows = []) {
      const isMade = ({ buffer }: Value): boolean => lanes?.makes.has(buffer) === true;
      const isLate = ({ buffer }: Value): boolean => lanes?.makes.get(buffer) === "end";
      if (needed.some(isMade) || rows.some(isLate)) flush();
    },
    makeParts(partition, value, cut, work) {
      const { work: all, makes } = lanesOver(partition);
      const parts = declare(value, cut);
      makes.set(value.buffer, "parts");
      all.push((span) => parts.push(work(span)));
    },
    makeSum(partition, value, cut, work) {
      const { work: all, makes } = lanesOver(partition);
      const parts = cut ? declare(value, cut) : [];
      makes.set(value.buffer, "end");
      let sums: readonly Value[] = [];
      all.push((span) => {
        const isLast = span.to === partition.total;
        sums = work(span).map((term, i) => {
          const sum = sums[i];
          const old = isLast ? value : undefined;
          if (sum) return builder.emit("add", {}, [sum, term], term.shape, old);
          return isLast ? builder.emit("alias", {}, [term], term.shape, old) : term;
        });
        if (isLast) parts.push(...sums);
      });
    },
    makeWhole(partition, value, work, join) {
      const own = lanesOver(partition);
      own.makes.set(value.buffer, "end");
      own.work.push(work);
      own.finish.push(join);
    },
    finished() {
      flush();
      const outputs = old.outputs.flatMap((value) =>
        uneven.has(value.buffer) ? evened(value) : partsOf(value),
      );
      const donated = old.donated.flatMap((buffer) => partsOf(at(old.inputs, buffer)));
      return finish({
        ...{ buffers, steps, constants, donated: donated.map(({ buffer }) => buffer) },
        ...{ inputs: old.inputs.flatMap(partsOf), outputs },
      });
    },
  };
  return builder;
}
