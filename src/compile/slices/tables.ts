import { at, last, sizeOf } from "../../tensor/shapes.ts";
import type { Step, Value } from "../plan.ts";
import type { Builder } from "./builder.ts";
import { cutOf, inRows, rowSpans } from "./cuts.ts";

/** Ids as numbers of rows of one part, in floats: on devices where ids are floats anyway. */
export function localIds(b: Builder, ids: Value, from: number): Value {
  const n = sizeOf(ids.shape);
  const floats = b.emit("toFloat", {}, [{ ...ids, shape: [n] }], [n]);
  return b.emit("sub", {}, [floats, b.numbers(new Float32Array(n).fill(from))], [n]);
}

/** Each part gives what it has; ids that are not its own read its first row, which is not taken. */
export function gathered(b: Builder, parts: readonly Value[], ids: Value, old?: Value): Value {
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

export function gather(b: Builder, { inputs, output }: Step<"gather">): boolean {
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
}

/** Ids that are not a part's own name no row of it. */
export function scatterAdd(b: Builder, { inputs, output }: Step<"scatterAdd">): boolean {
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
}
