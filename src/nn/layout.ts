import { constant } from "../tensor/apply.ts";
import { ShapeError, showShape } from "../tensor/errors.ts";
import { add, less, max, mul, reshape, sub, toFloat } from "../tensor/ops.ts";
import { at, sameShape } from "../tensor/shapes.ts";
import { isConstant, type Tensor } from "../tensor/tensor.ts";

/** Several sequences in one row, or one that does not start at its row's start. */
export interface Layout {
  /**
   * int [B, T]: a token sees those of its own segment alone. Each segment is one run of neighbours;
   * 0 is by convention padding, whose logits mean nothing. One segment by default.
   */
  readonly segments?: Tensor;
  /**
   * int [B, T]: places in the sequences, that restart with each; below T and contextLength, which
   * only host constants are checked for. By default they count from each segment's first token; with
   * segments that are no host constants they must, for they say where each begins. Padding may stand
   * at 0 throughout, and then costs no attention.
   */
  readonly positions?: Tensor;
}

/** A layout without gaps. */
export interface Placed {
  readonly segments: Tensor | null;
  readonly positions: Tensor;
  /** int [B, T], how many tokens of its segment each has behind it; null for one segment a row. */
  readonly behind: Tensor | null;
  /** Bound of the positions. */
  readonly rows: number;
}

/**
 * @param shape [B, T] of the tokens
 * @param contextLength bound of positions
 * @throws ShapeError, TypeError, or RangeError for positions that cannot be
 */
export function placed(
  { segments, positions }: Layout,
  shape: readonly number[],
  contextLength: number,
): Placed {
  for (const [name, x] of Object.entries({ segments, positions })) {
    if (!x) continue;
    if (!sameShape(x.shape, shape))
      throw new ShapeError("transformer", `${name} ${showShape(shape)}`, [x.shape]);
    if (x.dtype !== "int") throw new TypeError(`transformer: expected int ${name}, got float`);
  }
  const given = positions ?? countedFrom(segments, shape);
  const counted = segments && isConstant(segments) ? countedFrom(segments, shape) : given;
  return {
    segments: segments ?? null,
    positions: given,
    behind: segments ? counted : null,
    rows: boundOf(given, contextLength),
  };
}

/** Positions that count from the start of each run of equal segments. */
function countedFrom(segments: Tensor | undefined, shape: readonly number[]): Tensor {
  const [B, T] = [at(shape, 0), at(shape, 1)];
  if (segments && !isConstant(segments))
    throw new TypeError(
      "transformer: expected positions with segments that are not host constants, got none",
    );
  const counted = new Int32Array(B * T);
  for (let n = 0; n < counted.length; n++) {
    const continues = n % T > 0 && (!segments || segments.data[n] === segments.data[n - 1]);
    counted[n] = continues ? at(counted, n - 1) + 1 : 0;
  }
  return constant(counted, shape);
}

function boundOf(positions: Tensor, contextLength: number): number {
  if (!isConstant(positions)) return Math.min(at(positions.shape, 1), contextLength);
  let [first, last] = [0, 0];
  for (const place of positions.data) {
    first = Math.min(first, place);
    last = Math.max(last, place);
  }
  if (first < 0 || last >= contextLength)
    throw new RangeError(
      `transformer: expected positions 0 … ${contextLength - 1}, got ${first < 0 ? first : last}`,
    );
  return last + 1;
}

/** 1 where tokens t and s lie in different segments: int [B, T] → [B, T, T]. */
function areApart(segments: Tensor): Tensor {
  const [B, T] = segments.shape as [number, number];
  const known = toFloat(segments);
  const [rows, columns] = [reshape(known, [B, T, 1]), reshape(known, [B, 1, T])];
  return add(less(rows, columns), less(columns, rows));
}

/** Tokens of the sequence that each token belongs to: float [B, T] or [B, 1]. */
export function lengthsOf({ segments, positions }: Placed): Tensor {
  const [B, T] = positions.shape as [number, number];
  const counts = add(toFloat(positions), 1);
  if (!segments) return max(counts, { axis: 1, keepAxes: true });
  const together = sub(1, areApart(segments));
  return max(mul(together, reshape(counts, [B, 1, T])), { axis: 2 });
}
