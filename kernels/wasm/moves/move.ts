import {
  FILL_BITS,
  FILL_RESULT,
  LOOP_WORDS,
  MOVE_FIRST_LOOP,
  MOVE_FROM,
  MOVE_INPUT,
  MOVE_LOOPS,
  MOVE_RESULT,
  MOVE_TO,
  TRANSPOSED_ROWS,
} from "../abi";
import { buffer, scratch, word } from "../control";
import { storeRow } from "../simd";
import { chunkBytes, chunkStart, unitEnd, unitStart } from "../tasks";

// Kernels that move 4-byte elements without looking at them: broadcast, transpose, slice, pad and
// concat are all nested loops over two addresses.

/** Writes one number everywhere. */
export function fill(args: usize, task: i32): void {
  const from = chunkStart(args, task);
  const last = buffer(args, FILL_RESULT) + from + chunkBytes(args, from);
  const v = i32x4.splat(word(args, FILL_BITS));
  for (let y = buffer(args, FILL_RESULT) + from; y < last; y += 16) v128.store(y, v);
}

// @ts-ignore: decorator
@inline
function loop(args: usize, i: i32): usize {
  return args + (<usize>(MOVE_FIRST_LOOP + LOOP_WORDS * i) << 2);
}

/** Where the two addresses are in the outer loops; the counters live in this thread's scratch. */
let y: usize = 0;
let x: usize = 0;

/** Enters the outer loops, all but the last `inner`, at iteration `index`. */
function enter(args: usize, inner: i32, index: i32): void {
  y = buffer(args, MOVE_RESULT) + <usize>word(args, MOVE_TO);
  x = buffer(args, MOVE_INPUT) + <usize>word(args, MOVE_FROM);
  let rest = index;
  for (let i = word(args, MOVE_LOOPS) - inner - 1; i >= 0; i--) {
    const at = loop(args, i);
    const count = load<i32>(at);
    const digit = rest % count;
    rest /= count;
    store<i32>(scratch + (<usize>i << 2), digit);
    y += <usize>digit * load<usize>(at, 4);
    x += <usize>digit * load<usize>(at, 8);
  }
}

/** Goes to the next iteration of the outer loops. */
function advance(args: usize, inner: i32): void {
  for (let i = word(args, MOVE_LOOPS) - inner - 1; i >= 0; i--) {
    const at = loop(args, i);
    const digit = load<i32>(scratch + (<usize>i << 2)) + 1;
    y += load<usize>(at, 4);
    x += load<usize>(at, 8);
    if (digit < load<i32>(at)) {
      store<i32>(scratch + (<usize>i << 2), digit);
      return;
    }
    store<i32>(scratch + (<usize>i << 2), 0);
    y -= <usize>digit * load<usize>(at, 4);
    x -= <usize>digit * load<usize>(at, 8);
  }
}

/** Cache lines, then what is left. */
// @ts-ignore: decorator
@inline
function copyRun(y: usize, x: usize, bytes: usize): void {
  let i: usize = 0;
  for (; i + 64 <= bytes; i += 64) {
    const a = v128.load(x + i);
    const b = v128.load(x + i, 16);
    const c = v128.load(x + i, 32);
    const d = v128.load(x + i, 48);
    v128.store(y + i, a);
    v128.store(y + i, b, 16);
    v128.store(y + i, c, 32);
    v128.store(y + i, d, 48);
  }
  for (; i < bytes; i += 16) storeRow(y, i, bytes, v128.load(x + i));
}

/** A unit is one iteration of all loops but the last, which is a run. */
export function move(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const run = loop(args, word(args, MOVE_LOOPS) - 1);
  const count = load<i32>(run);
  const stepY = load<usize>(run, 4);
  const stepX = load<usize>(run, 8);
  const bytes = <usize>count << 2;
  enter(args, 1, from);
  for (let unit = from; unit < to; unit++) {
    if (stepY == 4 && stepX == 4) copyRun(y, x, bytes);
    else if (stepY == 4 && stepX == 0) {
      const v = v128.load32_splat(x);
      for (let i: usize = 0; i < bytes; i += 16) storeRow(y, i, bytes, v);
    } else {
      let to = y;
      let from = x;
      for (let i = 0; i < count; i++, to += stepY, from += stepX)
        store<i32>(to, load<i32>(from));
    }
    advance(args, 1);
  }
}

/** The last two loops are over rows, contiguous in x, and columns, contiguous in the result. A unit
 * is a block of rows, a whole cache line of x, of one iteration of the other loops. */
export function transpose(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const loops = word(args, MOVE_LOOPS);
  const rows = load<i32>(loop(args, loops - 2));
  const stepY = load<usize>(loop(args, loops - 2), 4);
  const columns = load<i32>(loop(args, loops - 1));
  const stepX = load<usize>(loop(args, loops - 1), 8);
  const blocks = (rows + TRANSPOSED_ROWS - 1) / TRANSPOSED_ROWS;
  enter(args, 2, from / blocks);
  let block = from % blocks;
  for (let unit = from; unit < to; unit++) {
    const row = block * TRANSPOSED_ROWS;
    const at = <usize>row << 2;
    transposeBlock(y + at / 4 * stepY, x + at, min<i32>(TRANSPOSED_ROWS, rows - row), columns, stepY, stepX);
    if (++block == blocks) {
      block = 0;
      advance(args, 2);
    }
  }
}

function transposeBlock(
  y: usize,
  x: usize,
  rows: i32,
  columns: i32,
  stepY: usize,
  stepX: usize,
): void {
  const wholeRows = rows & ~3;
  const wholeColumns = columns & ~3;
  for (let j = 0; j < wholeColumns; j += 4) {
    const column = x + <usize>j * stepX;
    for (let i = 0; i < wholeRows; i += 4)
      transpose4(y + <usize>i * stepY + (<usize>j << 2), stepY, column + (<usize>i << 2), stepX);
    moveBlock(y, x, wholeRows, rows, j, j + 4, stepY, stepX);
  }
  moveBlock(y, x, 0, rows, wholeColumns, columns, stepY, stepX);
}

function moveBlock(
  y: usize,
  x: usize,
  fromRow: i32,
  toRow: i32,
  fromColumn: i32,
  toColumn: i32,
  stepY: usize,
  stepX: usize,
): void {
  for (let i = fromRow; i < toRow; i++)
    for (let j = fromColumn; j < toColumn; j++)
      store<i32>(
        y + <usize>i * stepY + (<usize>j << 2),
        load<i32>(x + <usize>j * stepX + (<usize>i << 2)),
      );
}

/** Transposes a block of 4 × 4 elements. */
// @ts-ignore: decorator
@inline
export function transpose4(y: usize, stepY: usize, x: usize, stepX: usize): void {
  const a = v128.load(x);
  const b = v128.load(x + stepX);
  const c = v128.load(x + 2 * stepX);
  const d = v128.load(x + 3 * stepX);
  const ab01 = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const ab23 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd01 = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const cd23 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(y, v128.shuffle<f64>(ab01, cd01, 0, 2));
  v128.store(y + stepY, v128.shuffle<f64>(ab01, cd01, 1, 3));
  v128.store(y + 2 * stepY, v128.shuffle<f64>(ab23, cd23, 0, 2));
  v128.store(y + 3 * stepY, v128.shuffle<f64>(ab23, cd23, 1, 3));
}
