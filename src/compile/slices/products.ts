import { at, sizeOf } from "../../tensor/shapes.ts";
import type { Shape } from "../../tensor/tensor.ts";
import type { Step, Value } from "../plan.ts";
import { batchedProduct } from "./batches.ts";
import type { Builder, Span } from "./builder.ts";
import { type Cut, cutOf, rowSpans } from "./cuts.ts";
import { joined, someRows, wholeOf } from "./joined.ts";

/** The rows and columns of a stored matrix; leading axes are of length 1. */
const matrixOf = ({ shape }: Value): readonly [rows: number, columns: number] => [
  shape.at(-2) ?? 1,
  shape.at(-1) ?? 1,
];

/**
 * A product of which a factor or the result is cut along its rows. Where the rows of the result are cut, or
 * those of the left factor, they are computed part by part; a right factor that is cut gives columns of
 * the result that are joined, or terms that are added; rows that are summed over are added up in order.
 * Stacks of matrices are gone through as `batchedProduct` does.
 * @returns false where it cannot be done in parts
 */
export function product(b: Builder, step: Step<"matmul">): boolean {
  const { attrs, inputs, output } = step;
  const [left, right] = inputs as readonly [Value, Value];
  if (sizeOf(output.shape.slice(0, -2)) !== 1) return batchedProduct(b, step);
  const { transposeA, transposeB } = attrs;
  const [m, n] = matrixOf(output);
  const made = cutOf(output.shape, b.most);
  const cut = b.cut(left);
  const isInner = cut !== undefined && transposeA;
  b.settle(
    [...(cut ? [] : [left]), ...(isInner && b.cut(right) ? [] : [right])],
    [...(cut ? [left] : []), ...(isInner && b.cut(right) ? [right] : [])],
  );

  /** A part of the left factor times the right one, in parts of their own. */
  function times(a: Value, of: readonly Value[], isTransposed: boolean, old?: Value): Value {
    const rows = at(a.shape, isTransposed ? 1 : 0);
    const one = (x: Value, y: Value, made?: Value): Value =>
      b.emit(
        "matmul",
        { transposeA: isTransposed, transposeB },
        [x, y],
        [rows, at(y.shape, transposeB ? 0 : 1)],
        made,
      );
    if (of.length === 1) return one(a, at(of, 0), old);
    if (transposeB) {
      const columns = of.map((part) => one(a, part));
      return joined(b, columns, 1, old);
    }
    let from = 0;
    let sum: Value | undefined;
    for (const part of of) {
      const to = from + at(part.shape, 0);
      const inner = isTransposed ? someRows(b, a, [from, to]) : b.columns(a, from, to);
      const term = one(inner, part);
      from = to;
      const made = part === of.at(-1) ? old : undefined;
      sum = sum ? b.emit("add", {}, [sum, term], term.shape, made) : term;
    }
    return sum as Value;
  }
  const factor = (): readonly Value[] =>
    b.cut(right) ? b.parts(right) : [flat(b.whole(right), matrixOf(right))];

  if (isInner) return overInner(b, { left, right, output, cut, made, transposeB });
  const rowsOfLeft = (span: Span): Value =>
    transposeA
      ? b.columns(flat(b.whole(left), matrixOf(left)), span.from, span.to)
      : b.rows(left, m, span);
  const partition = cut && made && made.rows < cut.rows ? made : (cut ?? made);
  if (partition && made) {
    b.makeParts(partition, output, { ...partition, width: n }, (span) =>
      times(rowsOfLeft(span), factor(), transposeA, output),
    );
  } else if (partition) {
    wholeOf(b, partition, output, (span) => [times(rowsOfLeft(span), factor(), false)]);
  } else times(flat(b.whole(left), matrixOf(left)), factor(), transposeA, output);
  return true;
}

const flat = (value: Value, shape: Shape): Value => ({ ...value, shape });

interface InnerProduct {
  readonly left: Value;
  readonly right: Value;
  readonly output: Value;
  readonly cut: Cut;
  readonly made: Cut | undefined;
  readonly transposeB: boolean;
}

/** Aᵀ·B where the rows of A are cut: the sum over its parts, of each part of the result. */
function overInner(
  b: Builder,
  { left, right, output, cut, made, transposeB }: InnerProduct,
): boolean {
  const [m, n] = matrixOf(output);
  if (transposeB && b.cut(right)) return false;
  b.makeSum(cut, output, made, (span) => {
    const a = b.rows(left, cut.total, span);
    const other = transposeB
      ? b.columns(flat(b.whole(right), matrixOf(right)), span.from, span.to)
      : b.rows(right, cut.total, span);
    const flags = { transposeA: true, transposeB };
    return (made ? rowSpans(made) : [[0, m] as const]).map(([from, to]) => {
      const part = made ? b.columns(a, from, to) : a;
      return b.emit("matmul", flags, [part, other], [to - from, n]);
    });
  });
  return true;
}
