import { at, last, sizeOf } from "../../tensor/shapes.ts";
import type { Step, Value } from "../plan.ts";
import { anyRows, type Builder, type Span } from "./builder.ts";
import { type Run, rowsOfStack, runsOf } from "./cuts.ts";
import { allOf, joined, partByPart, someRows, wholeOf } from "./joined.ts";

/** A product of stacks of matrices: [batch, m, k] · [batch, k, n], each factor stored transposed or not. */
interface Stacks {
  readonly step: Step<"matmul">;
  readonly left: Value;
  readonly right: Value;
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  /** Matrices of the right factor that one tensor can hold. */
  readonly most: number;
}

/**
 * A product of stacks of matrices of which a factor or the result is cut, as attention over long sequences
 * has them: rows of the result are made part by part, whole matrices at a time where they fit. Where
 * the rows of the left factor that are cut are summed over, matrices that are cut are added up in order.
 * @returns false where a single matrix of the right factor is too large, or one of such a sum
 */
export function batchedProduct(b: Builder, step: Step<"matmul">): boolean {
  const { attrs, inputs, output } = step;
  const [left, right] = inputs as readonly [Value, Value];
  const [m, n] = [last(output.shape, 2), last(output.shape)];
  const k = last(left.shape, attrs.transposeA ? 2 : 1);
  const most = Math.floor(b.most / (k * n));
  if (most < 1) return false;
  const stacks = { step, left, right, batch: sizeOf(output.shape.slice(0, -2)), m, k, n, most };
  if (!(attrs.transposeA && b.cut(left))) return overRows(b, stacks);
  return overInner(b, stacks) || (k * m <= b.most && overRows(b, stacks));
}

/** Part by part of the result's rows. */
function overRows(b: Builder, stacks: Stacks): boolean {
  const { step, left, batch, m, k, n } = stacks;
  const { attrs, output } = step;
  const own = attrs.transposeA ? undefined : b.cut(left);
  const largest = Math.floor(b.most / Math.max(n, own ? k : 1));
  if (largest < 1) return false;
  const total = batch * m;
  const partition =
    own && own.rows <= largest ? own : { total, rows: rowsOfStack(batch, m, largest) };
  b.settle(own ? [stacks.right] : [left, stacks.right], own ? [left] : []);
  partByPart(b, partition, output, { ...partition, width: n }, (span, old) => {
    const runs = runsOf(span, m, stacks.most);
    const given = attrs.transposeA ? undefined : b.rows(left, total, span);
    const made = runs.length === 1 ? old : undefined;
    const pieces = runs.map((run) => {
      const a = given
        ? stacked(someRows(b, flat(given, k), run.rows), run)
        : columnsOf(b, stacks, run);
      return times(b, stacks, run, [a, matricesOf(b, stacks, run)], made);
    });
    return allOf(b, pieces, old);
  });
  return true;
}

/** Aᵀ·B where the rows of A are cut: each matrix whole, or the sum over the parts that it lies in. */
function overInner(b: Builder, stacks: Stacks): boolean {
  const { left, batch, m, k, n } = stacks;
  const { output } = stacks.step;
  const partition = b.cut(left);
  if (!partition) return false;
  const isLarge = sizeOf(output.shape) > b.most;
  const matrices = partition.rows / k;
  if (isLarge && !(Number.isInteger(matrices) && matrices * m * n <= b.most)) return false;
  b.settle([stacks.right], [left]);
  /** Of the matrix that the last run was a part of, if that did not end with it. */
  let begun: Value | undefined;
  const work = (span: Span): readonly Value[] => {
    const rows = flat(b.rows(left, batch * k, span), m);
    return runsOf(span, k, stacks.most).flatMap((run) => {
      const a = stacked(someRows(b, rows, run.rows), run);
      const term = times(b, stacks, run, [a, innerOf(b, stacks, run)]);
      const sum = begun ? b.emit("add", {}, [begun, term], term.shape) : term;
      begun = run.to < k ? sum : undefined;
      return begun ? [] : [sum];
    });
  };
  if (isLarge) {
    const cut = { total: batch * m, rows: matrices * m, width: n };
    b.makeParts(partition, output, cut, (span) => joined(b, work(span), 0, output));
  } else wholeOf(b, partition, output, work);
  return true;
}

/** The product of one run, as rows. */
function times(
  b: Builder,
  { step, n }: Stacks,
  run: Run,
  factors: readonly [Value, Value],
  old?: Value,
): Value {
  const rows = last(at(factors, 0).shape, step.attrs.transposeA ? 1 : 2);
  const made = b.emit("matmul", step.attrs, factors, [run.matrices, rows, n], old);
  return { ...made, shape: [run.matrices * rows, n] };
}

const flat = (x: Value, width: number): Value => ({
  ...x,
  shape: [sizeOf(x.shape) / width, width],
});

/** Rows of a run as a stack. */
const stacked = (rows: Value, { matrices }: Run): Value => ({
  ...rows,
  shape: [matrices, at(rows.shape, 0) / matrices, at(rows.shape, 1)],
});

/** Whole matrices of a factor. @param length rows of a matrix as it is stored */
function whole(b: Builder, x: Value, length: number, { first, matrices }: Run): Value {
  const width = last(x.shape);
  const total = sizeOf(x.shape) / width;
  const shape = [matrices, length, width];
  if (!b.cut(x) && matrices * length === total) return { ...b.whole(x), shape };
  const span = anyRows(first * length, (first + matrices) * length);
  return { ...b.rows(x, total, span), shape };
}

/** The matrices of the right factor that a run is multiplied by. */
const matricesOf = (b: Builder, { step, right, k, n }: Stacks, run: Run): Value =>
  whole(b, right, step.attrs.transposeB ? n : k, run);

/** Rows of the result that are columns of the left factor. */
function columnsOf(b: Builder, { left, m, k }: Stacks, run: Run): Value {
  const all = whole(b, left, k, run);
  if (run.matrices > 1 || run.to - run.from === m) return all;
  const columns = b.columns(flat(all, m), run.from, run.to);
  return { ...columns, shape: [1, ...columns.shape] };
}

/** What a run's rows of the left factor, which are summed over, are multiplied by. */
function innerOf(b: Builder, { step, right, k, n }: Stacks, run: Run): Value {
  const { transposeB } = step.attrs;
  const all = whole(b, right, transposeB ? n : k, run);
  if (run.matrices > 1 || run.to - run.from === k) return all;
  const own = transposeB
    ? b.columns(flat(all, k), run.from, run.to)
    : someRows(b, flat(all, n), [run.from, run.to]);
  return { ...own, shape: [1, ...own.shape] };
}
