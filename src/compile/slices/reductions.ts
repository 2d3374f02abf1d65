import { at, last, sizeOf } from "../../tensor/shapes.ts";
import type { Step, Value } from "../plan.ts";
import { anyRows, type Builder, type Partition, type Span } from "./builder.ts";
import { type Cut, cutOf, inRows, type Run, runsOf } from "./cuts.ts";
import { allOf, partByPart } from "./joined.ts";

type Reduction = "sum" | "max" | "argmax";

/** What makes one result of those of two stretches of an axis: of places there is nothing. */
const combining: { readonly [K in Reduction]: "add" | "maximum" | undefined } = {
  sum: "add",
  max: "maximum",
  argmax: undefined,
};

const isReduction = (step: Step): step is Step<Reduction> => step.op in combining;

/** A tensor [outer, length, inner] of which the middle axis disappears, in rows of `unit` numbers. */
interface Axes {
  readonly step: Step<Reduction>;
  readonly outer: number;
  readonly length: number;
  /** Rows, not numbers. */
  readonly inner: number;
  readonly unit: number;
}

/**
 * A reduction along any axis of a tensor that is cut. Where each part has whole blocks of the axis with all
 * that is inside it, part by part; else each part of the result is made of the rows that it needs, and
 * stretches of the axis that are too long to be held at once are added up, or compared, in order.
 * @returns false for places of the largest that do not lie in one part
 */
export function reduced(b: Builder, step: Step): boolean {
  if (!isReduction(step)) return false;
  const { attrs, inputs } = step;
  const [x] = inputs as readonly [Value];
  const cut = b.cut(x);
  const isLast = attrs.axis === x.shape.length - 1;
  const unit = isLast ? 1 : last(x.shape);
  if (!cut || !inRows(cut, unit)) return false;
  const [outer, length] = [sizeOf(x.shape.slice(0, attrs.axis)), at(x.shape, attrs.axis)];
  const inner = sizeOf(x.shape) / (outer * length * unit);
  const axes = { step, outer, length, inner, unit };
  const blocks = inRows(cut, length * inner * unit);
  return blocks ? blockByBlock(b, axes, cut, blocks) : gatheredUp(b, axes);
}

/** Each part has whole blocks. @param cut by which lanes go that make the tensor */
function blockByBlock(b: Builder, axes: Axes, cut: Cut, blocks: Partition): boolean {
  const { step, length, inner, unit } = axes;
  const { op, inputs, output } = step;
  const [x] = inputs as readonly [Value];
  const width = inner * unit;
  b.settle([], inputs);
  partByPart(b, cut, output, { ...blocks, width }, (span, old) => {
    const n = ((span.to - span.from) * cut.width) / (length * width);
    const rows = { ...b.rows(x, cut.total, span), shape: [n, length, width] };
    return b.emit(op, { axis: 1 }, [rows], [n, width], old);
  });
  return true;
}

/** Blocks lie in several parts. */
function gatheredUp(b: Builder, axes: Axes): boolean {
  const { step, outer, length, inner, unit } = axes;
  const { op, inputs, output } = step;
  const made = cutOf(output.shape, b.most);
  const block = length * inner * unit;
  if (combining[op] === undefined && (made || block > b.most)) return false;
  if (made && !inRows(made, unit)) return false;
  b.settle(inputs);
  const work = (span: Pick<Span, "from" | "to">): Value => {
    const runs = runsOf(span, inner, Math.max(1, Math.floor(b.most / block)));
    const old = runs.length === 1 ? output : undefined;
    const pieces = runs.map((run) => overAxis(b, axes, run, old));
    return allOf(b, pieces, output);
  };
  if (made) {
    const each = made.width / unit;
    b.makeParts(made, output, made, ({ from, to }) => work({ from: from * each, to: to * each }));
  } else work({ from: 0, to: outer * inner });
  return true;
}

/** The result of a run of blocks, or of some rows of all of an axis, as rows. */
function overAxis(b: Builder, { step, ...axes }: Axes, run: Run, old?: Value): Value {
  const { op, inputs } = step;
  const { outer, length, inner, unit } = axes;
  const { first, matrices, from, to } = run;
  const [x] = inputs as readonly [Value];
  const isWhole = to - from === inner;
  const shape = [matrices, (to - from) * unit];
  // Places of an axis at a time: those of whole blocks follow each other.
  const most = isWhole ? Math.max(1, Math.floor(b.most / sizeOf(shape))) : 1;
  const combine = combining[op];
  let all: Value | undefined;
  for (let place = 0; place < length; place += most) {
    const n = Math.min(most, length - place);
    const start = (first * length + place) * inner + from;
    const span = anyRows(start, start + matrices * n * (to - from));
    const rows = b.rows(x, outer * length * inner, span);
    const made = place + n === length ? old : undefined;
    const isAlone = n === 1 && length > 1;
    const term = isAlone
      ? { ...rows, shape }
      : b.emit(
          op,
          { axis: 1 },
          [{ ...rows, shape: [matrices, n, at(shape, 1)] }],
          shape,
          all ? undefined : made,
        );
    all = all && combine ? b.emit(combine, {}, [all, term], shape, made) : term;
  }
  return { ...(all as Value), shape: [matrices * (to - from), unit] };
}
