import { at, last, sizeOf } from "../../tensor/shapes.ts";
import type { PrimitiveName } from "../../tensor/tensor.ts";
import { traits } from "../../tensor/traits.ts";
import type { Step, Value } from "../plan.ts";
import type { Builder, Partition, Span } from "./builder.ts";
import { type Cut, cutOf, rowSpans } from "./cuts.ts";
import { joined, product } from "./products.ts";

type Rule<K extends PrimitiveName> = (b: Builder, step: Step<K>) => boolean;

/** Positions of inputs that kernels want whole, of steps that go row by row. */
const wholeInputs: { readonly [K in PrimitiveName]?: readonly number[] } = {
  rmsNorm: [1],
  rmsNormGradX: [2],
};
const alongRows: ReadonlySet<PrimitiveName> = new Set<PrimitiveName>(["sum", "max", "argmax"]);

/** Steps that make rows of rows, or a number of each row. */
function rowByRow(b: Builder, step: Step): boolean {
  const { op, inputs, output } = step;
  const { byRow, whole } = traits[op];
  const elementwise = traits[op].elementwise || op === "cast";
  const kept = elementwise ? whole : (wholeInputs[op] ?? []);
  const axis = alongRows.has(op) ? (step as Step<"sum">).attrs.axis : undefined;
  const first = inputs.find((x, i) => b.cut(x) && !kept.includes(i));
  const reduces = axis !== undefined && axis === at(inputs, 0).shape.length - 1 && axis > 0;
  if (!(byRow || elementwise || reduces || wholeInputs[op])) return false;
  const cut = first ? b.cut(first) : cutOf(output.shape, b.most);
  if (!cut) return false;
  const partition = elementwise ? cut : inRows(cut, last((first ?? output).shape));
  if (!partition) return false;
  const isRows = (x: Value, i: number): boolean => !kept.includes(i) && b.cut(x) !== undefined;
  b.settle(
    inputs.filter((x, i) => !isRows(x, i)),
    inputs.filter(isRows),
  );
  const work = (span: Span, old?: Value): Value => {
    const own = inputs.map((x, i) =>
      kept.includes(i) ? b.whole(x) : b.rows(x, partition.total, span),
    );
    const each = sizeOf(output.shape) / partition.total;
    const isVector = each === 1 && (reduces || output.shape.at(-1) !== 1);
    const rows = span.to - span.from;
    const attrs = axis === undefined ? step.attrs : { axis: 1 };
    return b.emit(op, attrs, own, isVector ? [rows] : [rows, each], old);
  };
  const width = sizeOf(output.shape) / partition.total;
  if (sizeOf(output.shape) > b.most)
    b.makeParts(partition, output, { ...partition, width }, (span) => work(span, output));
  else {
    const parts: Value[] = [];
    b.makeWhole(
      partition,
      output,
      (span) => parts.push(work(span)),
      () => joined(b, parts, 0, output),
    );
  }
  return true;
}

/** A cut as rows of a length, if no row lies in two parts. */
function inRows({ total, rows, width }: Cut, length: number): Partition | undefined {
  if ((rows * width) % length !== 0) return undefined;
  return { total: (total * width) / length, rows: (rows * width) / length };
}

/** One number, a row for all rows, or a number for each row. */
const broadcast: Rule<"broadcast"> = (b, { inputs, output }) => {
  const [from] = inputs as readonly [Value];
  const cut = cutOf(output.shape, b.most);
  const size = sizeOf(from.shape);
  const isColumn = size === cut?.total && from.shape.at(-1) === 1;
  if (!cut || b.cut(from) || !(size === 1 || isColumn || isRow(from, cut))) return false;
  b.settle(inputs);
  b.makeParts(cut, output, cut, (span) => {
    const shape = [span.to - span.from, cut.width];
    const own = isColumn
      ? { ...b.rows(from, cut.total, span), shape: [span.to - span.from, 1] }
      : { ...b.whole(from), shape: [1, size] };
    return b.emit("broadcast", { shape }, [own], shape, output);
  });
  return true;
};

const isRow = ({ shape }: Value, { width }: Cut): boolean =>
  sizeOf(shape) === width && shape.at(-1) === width;

/** Over the first axis: the sums of the parts, added up. */
const sum: Rule<"sum"> = (b, { attrs: { axis }, inputs, output }) => {
  const [x] = inputs as readonly [Value];
  const cut = b.cut(x);
  if (!cut || axis !== 0 || cutOf(output.shape, b.most)) return false;
  const width = sizeOf(x.shape) / at(x.shape, 0);
  const partition = inRows(cut, width);
  if (!partition) return false;
  b.settle([], inputs);
  b.makeSum(partition, output, undefined, (span) => {
    const rows = b.rows(x, partition.total, span);
    return [b.emit("sum", { axis: 0 }, [rows], rows.shape.slice(1))];
  });
  return true;
};

/** Ids as numbers of rows of one part, in floats: on devices where ids are floats anyway. */
function localIds(b: Builder, ids: Value, from: number): Value {
  const n = sizeOf(ids.shape);
  const floats = b.emit("toFloat", {}, [{ ...ids, shape: [n] }], [n]);
  return b.emit("sub", {}, [floats, b.numbers(new Float32Array(n).fill(from))], [n]);
}

/** Each part gives what it has; ids that are not its own read its first row, which is not taken. */
function gathered(b: Builder, parts: readonly Value[], ids: Value, old: Value): Value {
  const n = sizeOf(ids.shape);
  const shape = [n, last(at(parts, 0).shape)];
  if (parts.length === 1) return b.emit("gather", {}, [at(parts, 0), ids], shape, old);
  const repeated = (x: number): Value => b.numbers(new Float32Array(n).fill(x));
  let all: Value | undefined;
  let from = 0;
  for (const [i, part] of parts.entries()) {
    const rows = at(part.shape, 0);
    const local = localIds(b, ids, from);
    const early = b.emit("less", {}, [local, repeated(rows)], [n]);
    const late = b.emit("less", {}, [repeated(-1), local], [n]);
    const own = b.emit("mul", {}, [early, late], [n]);
    const safe = b.emit("mul", {}, [local, own], [n]);
    const found = b.emit("gather", {}, [part, safe], shape);
    const column = { ...own, shape: [n, 1] };
    const taken = b.emit("broadcast", { shape }, [column], shape);
    const made = i === parts.length - 1 ? old : undefined;
    all = all ? b.emit("select", {}, [taken, found, all], shape, made) : found;
    from += rows;
  }
  return all as Value;
}

const gather: Rule<"gather"> = (b, { inputs, output }) => {
  const [table, ids] = inputs as readonly [Value, Value];
  const [made, n] = [cutOf(output.shape, b.most), sizeOf(ids.shape)];
  b.settle(inputs);
  const parts = (): readonly Value[] => (b.cut(table) ? b.parts(table) : [b.whole(table)]);
  if (made)
    b.makeParts(made, output, made, (span) =>
      gathered(b, parts(), b.rows({ ...ids, shape: [n] }, n, span), output),
    );
  else gathered(b, parts(), b.whole(ids), output);
  return true;
};

/** Ids that are not a part's own name no row of it. */
const scatterAdd: Rule<"scatterAdd"> = (b, { inputs, output }) => {
  const [ids, updates] = inputs as readonly [Value, Value];
  const [made, cut, n] = [cutOf(output.shape, b.most), b.cut(updates), sizeOf(ids.shape)];
  const width = last(output.shape);
  const added = (own: Value, rows: Value, from: number, to: number, old?: Value): Value => {
    const table = { rows: to - from };
    return b.emit("scatterAdd", table, [localIds(b, own, from), rows], [to - from, width], old);
  };
  b.settle([ids, ...(cut ? [] : [updates])], cut ? [updates] : []);
  const partition = cut && inRows(cut, width);
  if (partition)
    b.makeSum(partition, output, made, (span) => {
      const own = b.rows({ ...ids, shape: [n] }, n, span);
      const spans = made ? rowSpans(made) : [[0, at(output.shape, 0)] as const];
      return spans.map(([from, to]) => added(own, b.rows(updates, n, span), from, to));
    });
  else if (made)
    b.makeParts(made, output, made, ({ from, to }) =>
      added(b.whole(ids), b.whole(updates), from, to, output),
    );
  return partition !== undefined || made !== undefined;
};

const rules: { readonly [K in PrimitiveName]?: Rule<K> } = {
  ...{ broadcast, sum, gather, scatterAdd, matmul: product },
};

/** Writes a step that touches what is cut. @returns false where it cannot be done in parts */
export function inParts(b: Builder, step: Step): boolean {
  const rule = rules[step.op] as Rule<PrimitiveName> | undefined;
  return rule?.(b, step) || rowByRow(b, step);
}
