import { last, sizeOf } from "../../tensor/shapes.ts";
import type { Step, Value } from "../plan.ts";
import { anyRows, type Builder, type Span } from "./builder.ts";
import { type Run, runsOf } from "./cuts.ts";
import { allOf, someRows } from "./joined.ts";
import { inSpans } from "./moves.ts";
import { localIds } from "./tables.ts";

/**
 * Rows of a stack of matrices written anew, as caches of keys and values are: whole matrices of a
 * part at once, in place where the part has no others, and of the rest the rows that the part has
 * of each.
 */
export function scatterRows(b: Builder, { inputs, output }: Step<"scatterRows">): boolean {
  const [x, ids, values] = inputs as readonly [Value, Value, Value];
  const [V, C, R] = [last(x.shape, 2), last(x.shape), last(ids.shape)];
  const total = sizeOf(x.shape) / C;
  const matrices = total / V;
  const isCut = b.cut(x) !== undefined;
  b.settle([ids, values, ...(isCut ? [] : [x])], isCut ? [x] : []);

  /** Rows of a tensor that has R of each matrix. */
  function given(of: Value, from: number, to: number): Value {
    if (!b.cut(of) && from === 0 && to === matrices * R) return b.whole(of);
    return b.rows(of, matrices * R, anyRows(from, to));
  }

  /** What is too much to be given at once is written in order. */
  function written(own: Value, { first, matrices: n, from, to }: Run, old?: Value): Value {
    const most = n > 1 ? R : Math.min(R, Math.floor(b.most / C));
    let all = own;
    for (let row = 0; row < R; row += most) {
      const count = Math.min(most, R - row);
      const [start, end] = [first * R + row, (first + n - 1) * R + row + count];
      const places = given(ids, start, end);
      const local = to - from === V ? places : localIds(b, places, from);
      const rows = { ...given(values, start, end), shape: [n, count, C] };
      const made = row + count === R ? old : undefined;
      const operands = [all, { ...local, shape: [n, count] }, rows];
      all = b.emit("scatterRows", {}, operands, own.shape, made);
    }
    return R === 0 && old ? b.emit("alias", {}, [all], all.shape, old) : all;
  }

  return inSpans(b, output, C, (span: Span, old) => {
    const own = isCut ? b.rows(x, total, span) : { ...b.whole(x), shape: [total, C] };
    const runs = runsOf(span, V, Math.max(1, Math.floor(b.most / Math.max(1, R * C))));
    const pieces = runs.map((run) => {
      const shape = [run.matrices, run.to - run.from, C];
      const rows = { ...someRows(b, own, run.rows), shape };
      const made = written(rows, run, runs.length === 1 ? old : undefined);
      return { ...made, shape: [run.matrices * (run.to - run.from), C] };
    });
    return allOf(b, pieces, old);
  });
}
