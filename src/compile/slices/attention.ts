import { at, last, ofRank, sizeOf } from "../../tensor/shapes.ts";
import type { Shape } from "../../tensor/tensor.ts";
import type { Step, Value } from "../plan.ts";
import { anyRows, type Builder, type Span } from "./builder.ts";
import { inRows, runsOf } from "./cuts.ts";
import { allOf, joined, someRows } from "./joined.ts";

/** What a score that is not seen is taken for, as `causalSoftmax` is defined. */
const HIDDEN = -1e30;

/** Of rows that are not all of a matrix: row i sees the numbers up to its own place in its matrix. */
function maskedSoftmax(
  b: Builder,
  rows: Value,
  scale: number,
  { from, to }: Span,
  old: Value,
): Value {
  const { shape } = rows;
  const T = last(shape);
  const places = (n: number, first: number, of: Shape): Value => {
    const numbers = Float32Array.from({ length: n }, (_, i) => (first + i) % T);
    return b.emit("broadcast", { shape }, [{ ...b.numbers(numbers), shape: of }], shape);
  };
  const everywhere = (x: number): Value =>
    b.emit("broadcast", { shape }, [{ ...b.numbers(Float32Array.of(x)), shape: [1, 1] }], shape);
  const ends = places(to - from, from, [to - from, 1]);
  const hidden = b.emit("less", {}, [ends, places(T, 0, [1, T])], shape);
  const scaled = b.emit("mul", {}, [rows, everywhere(scale)], shape);
  const masked = b.emit("select", {}, [hidden, everywhere(HIDDEN), scaled], shape);
  return b.emit("softmax", {}, [masked], shape, old);
}

/** Matrices as they are where a part has whole ones. */
export function causalSoftmax(
  b: Builder,
  { attrs, inputs, output }: Step<"causalSoftmax">,
): boolean {
  const [x] = inputs as readonly [Value];
  const cut = b.cut(x);
  const T = last(output.shape);
  const partition = cut && inRows(cut, T);
  if (!partition) return false;
  b.settle([], inputs);
  b.makeParts(partition, output, { ...partition, width: T }, (span) => {
    const rows = { ...b.rows(x, partition.total, span), shape: [span.to - span.from, T] };
    if (span.from % T !== 0 || span.to % T !== 0)
      return maskedSoftmax(b, rows, attrs.scale, span, output);
    const shape = [(span.to - span.from) / T, T, T];
    return b.emit("causalSoftmax", attrs, [{ ...rows, shape }], shape, output);
  });
  return true;
}

/** Sequences as they are where a part has whole ones; positions of the others bring their own angles. */
export function rope(b: Builder, { attrs, inputs, output }: Step<"rope">): boolean {
  const [x, cos, sin] = inputs as readonly [Value, Value, Value];
  const [T, D] = [last(output.shape, 2), last(output.shape)];
  const cut = b.cut(x);
  const partition = cut && inRows(cut, D);
  if (!partition || b.cut(cos)) return false;
  b.settle([cos, sin], [x]);
  b.makeParts(partition, output, { ...partition, width: D }, (span) => {
    const rows = { ...b.rows(x, partition.total, span), shape: [span.to - span.from, D] };
    const runs = runsOf(span, T);
    const pieces = runs.map(({ matrices, from, to, rows: own }) => {
      const x = { ...someRows(b, rows, own), shape: [matrices, to - from, D] };
      const tables = [cos, sin].map((table) => someRows(b, b.whole(table), [from, to]));
      const old = runs.length === 1 ? output : undefined;
      const made = b.emit("rope", attrs, [x, ...tables], x.shape, old);
      return { ...made, shape: [matrices * (to - from), D] };
    });
    return allOf(b, pieces, output);
  });
  return true;
}

/** Scores of all queries, which kernels of a step hold though no plan names them. */
export function heldBy({ op, inputs }: Step): number {
  if (op !== "rangeAttention") return 0;
  const [B, H, T] = ofRank(4, at(inputs, 0).shape);
  return B * H * T * at(at(inputs, 1).shape, 2);
}

/** Some sequences at a time, or some queries of one, so that their scores are small enough. */
export function rangeAttention(
  b: Builder,
  { attrs, inputs, output }: Step<"rangeAttention">,
): boolean {
  const [q, k, v, slots, positions] = inputs as readonly [Value, Value, Value, Value, Value];
  const [B, H, T, D] = ofRank(4, q.shape);
  const [, G, S] = ofRank(4, k.shape);
  const queries = Math.min(T, Math.floor(b.most / (H * S)));
  if (queries < 1 || B * H * T * D > b.most) return false;
  const sequences = Math.max(1, Math.floor(b.most / Math.max(H * T * S, G * S * D)));
  b.settle(inputs);
  const some = (x: Value, start: Shape, size: Shape): Value =>
    b.emit("slice", { start, size }, [b.whole(x)], size);
  const blocks: Value[] = [];
  for (let from = 0; from < B; from += sequences) {
    const n = Math.min(sequences, B - from);
    const span = anyRows(from * G * S, (from + n) * G * S);
    const slotsOf = (x: Value): Value => ({
      ...b.rows(x, B * G * S, span),
      shape: [n, G, S, D],
    });
    const parts: Value[] = [];
    for (let t = 0; t < T; t += queries) {
      const count = Math.min(queries, T - t);
      const own = some(q, [from, 0, t, 0], [n, H, count, D]);
      const places = [slots, positions].map((x) => some(x, [from, t], [n, count]));
      const given = [own, slotsOf(k), slotsOf(v), ...places];
      parts.push(b.emit("rangeAttention", attrs, given, own.shape));
    }
    blocks.push(joined(b, parts, 2));
  }
  joined(b, blocks, 0, output);
  return sizeOf(output.shape) > 0;
}
