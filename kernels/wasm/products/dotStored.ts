import { BF16, F16, Q8_0 } from "../abi";
import { storedBytes, widenRow } from "../storage";
import { dotSome, STREAMS } from "./dot";
import { dotBytes } from "./dotBytes";
import { dotHalves } from "./dotHalves";

/** Rows of A from which on it pays to widen rows of B once, aside, rather than for each two of A: of bytes,
 * which take longer to widen, fewer. */
const MANY_ROWS: i32 = 9;
const MANY_ROWS_OF_BYTES: i32 = 5;

/** `dotRows` with a B that is kept in a storage type: its numbers are read once and widened in registers,
 * and the sums are those with the widened B, in the same order.
 * @param aside room for a row of floats at least
 * @param room its bytes */
export function dotRowsStored(
  storage: i32,
  c: usize,
  stepC: usize,
  a: usize,
  stepA: usize,
  b: usize,
  rows: i32,
  columns: i32,
  k: i32,
  aside: usize,
  room: usize,
): void {
  const stepB = storedBytes(storage, k);
  const apart = columns / STREAMS;
  for (let j = 0; j < apart; j++, b += stepB, c += 4)
    some(storage, c, stepC, <usize>apart << 2, a, stepA, b, <usize>apart * stepB, rows, STREAMS, k, aside, room);
  const rest = columns - STREAMS * apart;
  const done = <usize>(columns - rest - apart);
  if (rest > 0)
    some(storage, c + (done << 2), stepC, 4, a, stepA, b + done * stepB, stepB, rows, rest, k, aside, room);
}

function some(
  storage: i32,
  c: usize,
  stepC: usize,
  apartC: usize,
  a: usize,
  stepA: usize,
  b: usize,
  apartB: usize,
  rows: i32,
  columns: i32,
  k: i32,
  aside: usize,
  room: usize,
): void {
  const many = rows >= (storage == Q8_0 ? MANY_ROWS_OF_BYTES : MANY_ROWS);
  let i = 0;
  for (let done = !many; done && i < rows; ) {
    const two = i + 1 < rows;
    const at = a + <usize>i * stepA;
    const to = c + <usize>i * stepC;
    done = two
      ? few(storage, 2, to, stepC, apartC, at, stepA, b, apartB, columns, k)
      : few(storage, 1, to, stepC, apartC, at, stepA, b, apartB, columns, k);
    if (done) i += two ? 2 : 1;
  }
  if (i >= rows) return;
  const wide = wideBytes(k);
  const fit = min<i32>(columns, <i32>(room / wide));
  for (let j = 0; j < columns; j += fit, b += <usize>fit * apartB, c += <usize>fit * apartC) {
    const count = min<i32>(fit, columns - j);
    for (let i: usize = 0; i < <usize>count; i++)
      widenRow(aside + i * wide, b + i * apartB, storage, <usize>k << 2);
    dotSome(c, stepC, apartC, a, stepA, aside, wide, rows, count, k);
  }
}

/** Bytes of a row of k floats, and of what a vector writes past it. */
// @ts-ignore: decorator
@inline
export function wideBytes(k: i32): usize {
  return max<usize>(16, <usize>((k + 3) & ~3) << 2);
}

// @ts-ignore: decorator
@inline
function few(
  storage: i32,
  rows: i32,
  c: usize,
  stepC: usize,
  apartC: usize,
  a: usize,
  stepA: usize,
  b: usize,
  apartB: usize,
  columns: i32,
  k: i32,
): bool {
  if (storage == BF16) return dotHalves(BF16, rows, c, stepC, apartC, a, stepA, b, apartB, columns, k);
  if (storage == F16) return dotHalves(F16, rows, c, stepC, apartC, a, stepA, b, apartB, columns, k);
  dotBytes(rows, c, stepC, apartC, a, stepA, b, apartB, columns, storedBytes(Q8_0, k));
  return true;
}
