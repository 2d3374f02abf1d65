import { at, last, sizeOf } from "../../tensor/shapes.ts";
import type { PrimitiveName } from "../../tensor/tensor.ts";
import { traits } from "../../tensor/traits.ts";
import type { Step, Value } from "../plan.ts";
import { causalSoftmax, rangeAttention, rope } from "./attention.ts";
import type { Builder } from "./builder.ts";
import { type Cut, cutOf, inRows } from "./cuts.ts";
import { partByPart } from "./joined.ts";
import { broadcastRows, concat, pad, slice, transpose } from "./moves.ts";
import { product } from "./products.ts";
import { reduced } from "./reductions.ts";
import { scatterRows } from "./rows.ts";
import { gather, scatterAdd } from "./tables.ts";

type Rule<K extends PrimitiveName> = (b: Builder, step: Step<K>) => boolean;

/** Positions of inputs that kernels want whole, of steps that go row by row. */
const wholeInputs: { readonly [K in PrimitiveName]?: readonly number[] } = {
  rmsNorm: [1],
  rmsNormGradX: [2],
  causalSoftmaxGrad: [],
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
  const width = sizeOf(output.shape) / partition.total;
  const isVector = width === 1 && (reduces || output.shape.at(-1) !== 1);
  const attrs = axis === undefined ? step.attrs : { axis: 1 };
  partByPart(b, partition, output, { ...partition, width }, (span, old) => {
    const own = inputs.map((x, i) =>
      kept.includes(i) ? b.whole(x) : b.rows(x, partition.total, span),
    );
    const rows = span.to - span.from;
    return b.emit(op, attrs, own, isVector ? [rows] : [rows, width], old);
  });
  return true;
}

/** One number, a row for all rows, or a number for each row. */
const broadcast: Rule<"broadcast"> = (b, step) => {
  const { inputs, output } = step;
  const [from] = inputs as readonly [Value];
  const cut = cutOf(output.shape, b.most);
  const size = sizeOf(from.shape);
  const isColumn = size === cut?.total && from.shape.at(-1) === 1;
  if (!cut || b.cut(from) || !(size === 1 || isColumn || isRow(from, cut)))
    return broadcastRows(b, step);
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

/** A gain's gradient: that of the rows of each part, added up. */
const rmsNormGradGain: Rule<"rmsNormGradGain"> = (b, { attrs, inputs, output }) => {
  const [, x] = inputs as readonly [Value, Value];
  const cut = b.cut(x);
  const width = last(x.shape);
  const partition = cut && inRows(cut, width);
  if (!partition) return false;
  b.settle([], inputs);
  b.makeSum(partition, output, undefined, (span) => {
    const own = inputs.map((rows) => ({
      ...b.rows(rows, partition.total, span),
      shape: [span.to - span.from, width],
    }));
    return [b.emit("rmsNormGradGain", attrs, own, [width])];
  });
  return true;
};

const rules: { readonly [K in PrimitiveName]?: Rule<K> } = {
  ...{ broadcast, sum, gather, scatterAdd, scatterRows, matmul: product },
  ...{ transpose, slice, pad, concat, causalSoftmax, rope, rangeAttention, rmsNormGradGain },
};

/** Writes a step that touches what is cut. @returns false where it cannot be done in parts */
export function inParts(b: Builder, step: Step): boolean {
  const rule = rules[step.op] as Rule<PrimitiveName> | undefined;
  return rule?.(b, step) || rowByRow(b, step) || reduced(b, step);
}
