import {
  DEPTH,
  FEW_ROWS,
  FLOAT,
  FULL,
  LOWER_A,
  LOWER_RESULT,
  MATMUL_BLOCK_COLUMNS,
  MATMUL_BLOCK_ROWS,
  MATMUL_K,
  MATMUL_M,
  MATMUL_N,
  MATMUL_ONTO,
  MATMUL_RESULT,
  MATMUL_SIDE,
  MATMUL_STORAGE_A,
  MATMUL_STORAGE_B,
  MATMUL_TRANSPOSE_A,
  MATMUL_TRANSPOSE_B,
  MATMUL_TRIANGLE,
  MOST_COLUMNS,
  Q8_0,
  TILE_COLUMNS,
} from "../abi";
import { buffer, scratch, word } from "../control";
import { storedBytes } from "../storage";
import { dotRows } from "./dot";
import { dotBlocks } from "./dotBlocks";
import { dotRowsStored, wideBytes } from "./dotStored";
import { packPanel, packPanels, packTransposed } from "./pack";
import { packStoredPanels, packStoredTransposed } from "./packStored";
import { TILE_ROWS, tileByPanel, tileByRow } from "./tile";
import { unitEnd, unitStart } from "../tasks";

// A thread's scratch: packed columns of B; rows of A, of which whole vectors are written; one tile.
const PANEL_A: usize = 4 * DEPTH * MOST_COLUMNS;
const ASIDE: usize = PANEL_A + 4 * DEPTH * TILE_COLUMNS;
/** A row of the tile, in bytes. */
const ASIDE_STEP: usize = 4 * TILE_COLUMNS;
/** Bytes of private memory that a thread needs; more than the slots of a chain. The tile has a page. */
export const SCRATCH_BYTES: usize = ASIDE + 4096;

// The product that this thread works at.
let k: i32 = 0;
/** The step along k that it begins with, and whether it adds to what the result holds. */
let first: i32 = 0;
let onto: bool = false;
let transposeA: bool = false;
let transposeB: bool = false;
let triangle: i32 = 0;
/** Side of the triangles; several may be stacked. */
let side: i32 = 0;
/** Few rows times a transposed matrix. */
let few: bool = false;
/** How B is kept. */
let storage: i32 = FLOAT;
/** Whether A is kept in Q8_0, as B then is, too. */
let blocks: bool = false;
// Rows in bytes.
let stepA: usize = 0;
let stepB: usize = 0;
let stepC: usize = 0;

// The steps along k that it is at, [at, at + depth), and B's panels there: the first, the distance
// to the next, and that from one step to the next.
let at: i32 = 0;
let depth: i32 = 0;
let panels: usize = 0;
let stepPanel: usize = 0;
let stepP: usize = 0;

/** A unit is one block of the result of one matrix. */
export function matmul(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const m = word(args, MATMUL_M);
  const n = word(args, MATMUL_N);
  first = 0;
  onto = word(args, MATMUL_ONTO) != 0;
  k = word(args, MATMUL_K);
  transposeA = word(args, MATMUL_TRANSPOSE_A) != 0;
  transposeB = word(args, MATMUL_TRANSPOSE_B) != 0;
  const blockRows = word(args, MATMUL_BLOCK_ROWS);
  const blockColumns = word(args, MATMUL_BLOCK_COLUMNS);
  triangle = word(args, MATMUL_TRIANGLE);
  side = word(args, MATMUL_SIDE);
  few = m <= FEW_ROWS && transposeB && !transposeA && triangle == FULL && !onto;
  stepA = <usize>(transposeA ? m : k) << 2;
  storage = word(args, MATMUL_STORAGE_B);
  blocks = word(args, MATMUL_STORAGE_A) == Q8_0;
  if (storage != FLOAT && !blocks && wideBytes(k) > ASIDE) few = false;
  stepB = storedBytes(storage, transposeB ? k : n);
  const sizeB = stepB * <usize>(transposeB ? n : k);
  stepC = <usize>n << 2;
  const down = (m + blockRows - 1) / blockRows;
  const across = (n + blockColumns - 1) / blockColumns;
  for (let unit = from; unit < to; unit++) {
    const batch = <usize>(unit / (down * across));
    const i = ((unit / across) % down) * blockRows;
    const j = (unit % across) * blockColumns;
    block(
      buffer(args, MATMUL_RESULT) + ((batch * <usize>m * <usize>n) << 2),
      buffer(args, MATMUL_RESULT + 1) + ((batch * <usize>m * <usize>k) << 2),
      buffer(args, MATMUL_RESULT + 2) + batch * sizeB,
      i,
      min<i32>(m, i + blockRows),
      j,
      min<i32>(n, j + blockColumns),
    );
  }
}

/** Says what the next call of `multiply` works at: steps [from, to) along k, whether A and B are
 * stored transposed, and the rows of A, B and the result in bytes. */
export function describe(
  from: i32,
  to: i32,
  transposedA: bool,
  transposedB: bool,
  rowA: usize,
  rowB: usize,
  rowC: usize,
): void {
  first = from;
  k = to;
  transposeA = transposedA;
  transposeB = transposedB;
  stepA = rowA;
  stepB = rowB;
  stepC = rowC;
  few = false;
  storage = FLOAT;
}

/** Rows [i0, i1) and the first n columns of one product; `add` adds them to what is there. */
export function multiply(
  c: usize,
  a: usize,
  b: usize,
  i0: i32,
  i1: i32,
  n: i32,
  leaveOut: i32,
  triangleSide: i32,
  add: bool,
): void {
  triangle = leaveOut;
  side = triangleSide;
  onto = add;
  for (let j = 0; j < n; j += MOST_COLUMNS)
    block(c, a, b, i0, i1, j, min<i32>(n, j + MOST_COLUMNS));
}

/** Rows [i0, i1) and columns [j0, j1) of one product. */
function block(c: usize, a: usize, b: usize, i0: i32, i1: i32, j0: i32, j1: i32): void {
  if (few) {
    const column = c + (<usize>j0 << 2);
    const row = b + <usize>j0 * stepB;
    if (blocks) dotBlocks(column, stepC, a, row, i1 - i0, j1 - j0, k);
    else if (storage == FLOAT) dotRows(column, stepC, a, stepA, row, stepB, i1 - i0, j1 - j0, k);
    else dotRowsStored(storage, column, stepC, a, stepA, row, i1 - i0, j1 - j0, k, scratch, ASIDE);
    return;
  }
  if (triangle == LOWER_RESULT && j0 >= reach(i0, i1 - i0)) return;
  at = first;
  do {
    depth = min<i32>(DEPTH, endOf(at) - at);
    choosePanels(b, i1 - i0, j0, j1 - j0);
    for (let i = i0; i < i1; ) {
      const rows = rowsOf(i1 - i);
      stripe(c, a, i, rows, j0, j1);
      i += rows;
    }
    at += depth;
  } while (at < k);
}

/** Rows of the next stripe. One or two alone would wait for their sums: they share the last rows with the
 * stripe before. */
// @ts-ignore: decorator
@inline
function rowsOf(left: i32): i32 {
  if (left > TILE_ROWS && left <= TILE_ROWS + 2) return (left + 1) >> 1;
  return min<i32>(TILE_ROWS, left);
}

/** Packs the steps' part of B, or reads it where it is: packing costs a pass over it, and pays
 * where its rows lie far apart and are read often. */
function choosePanels(b: usize, rows: i32, j0: i32, columns: i32): void {
  if (storage != FLOAT) return packStored(b, j0, columns);
  panels = b + <usize>at * stepB + (<usize>j0 << 2);
  stepPanel = <usize>TILE_COLUMNS << 2;
  stepP = stepB;
  if (!transposeB && (rows < 24 || columns <= 32)) return;
  if (transposeB) {
    const column = b + <usize>j0 * stepB + (<usize>at << 2);
    packTransposed(scratch, column, stepB, depth, columns);
  } else packPanels(scratch, panels, stepB, depth, columns);
  panels = scratch;
  stepP = <usize>TILE_COLUMNS << 2;
  stepPanel = <usize>depth * stepP;
}

/** Widens the steps' part of B as it is packed. */
function packStored(b: usize, j0: i32, columns: i32): void {
  const aside = scratch + PANEL_A;
  if (transposeB) {
    const column = b + <usize>j0 * stepB;
    packStoredTransposed(scratch, column, stepB, storage, at, depth, columns, aside);
  } else {
    const row = b + <usize>at * stepB;
    packStoredPanels(scratch, row, stepB, storage, depth, j0, columns, aside);
  }
  panels = scratch;
  stepP = <usize>TILE_COLUMNS << 2;
  stepPanel = <usize>depth * stepP;
}

/** One row of tiles, from row i and column j0 on. */
function stripe(c: usize, a: usize, i: i32, rows: i32, j0: i32, j1: i32): void {
  // The steps in which A is not zero, and the columns that are wanted.
  let from = 0;
  let steps = depth;
  let end = j1;
  let accumulate = onto || at > first;
  if (triangle == LOWER_RESULT) end = min<i32>(j1, reach(i, rows));
  if (triangle == LOWER_A) {
    if (transposeA) {
      from = max<i32>(0, i - (at % side));
      steps = depth - from;
      accumulate = onto || at > i;
    } else steps = min<i32>(depth, reach(i, rows) - at);
    if (steps <= 0) return;
  }
  let stepTile = stepA;
  let tileA = a + <usize>i * stepA + (<usize>(at + from) << 2);
  if (transposeA) {
    tileA = a + <usize>(at + from) * stepA + (<usize>i << 2);
    if (j1 - j0 >= 32) {
      packPanel(scratch + PANEL_A, tileA, stepA, steps, TILE_ROWS);
      tileA = scratch + PANEL_A;
      stepTile = <usize>TILE_ROWS << 2;
    }
  }
  let tileB = panels + <usize>from * stepP;
  let tileC = c + <usize>i * stepC + (<usize>j0 << 2);
  for (let j = j0; j < end; j += TILE_COLUMNS, tileB += stepPanel, tileC += TILE_COLUMNS << 2) {
    if (j1 - j >= TILE_COLUMNS)
      tile(rows, steps, tileA, stepTile, tileB, tileC, stepC, accumulate);
    else {
      // Only part of the tile is wanted: it is made aside.
      const aside = scratch + ASIDE;
      if (accumulate) copyTile(aside, ASIDE_STEP, tileC, stepC, rows, j1 - j);
      tile(rows, steps, tileA, stepTile, tileB, aside, ASIDE_STEP, accumulate);
      copyTile(tileC, stepC, aside, ASIDE_STEP, rows, j1 - j);
    }
  }
}

/** Where the blocks of steps around p end: those of stacked triangles do not cross from one to the
 * next. */
// @ts-ignore: decorator
@inline
function endOf(p: i32): i32 {
  return triangle == LOWER_A && transposeA ? min<i32>(k, p - (p % side) + side) : k;
}

/** Columns up to the diagonal in the last of some rows of stacked lower triangles. */
function reach(i: i32, rows: i32): i32 {
  const first = i % side;
  return first + rows <= side ? first + rows : side;
}

// @ts-ignore: decorator
@inline
function tile(
  rows: i32,
  steps: i32,
  a: usize,
  stepTile: usize,
  b: usize,
  c: usize,
  stepRow: usize,
  accumulate: bool,
): void {
  if (transposeA) tileByPanel(rows, steps, a, stepTile, b, stepP, c, stepRow, accumulate);
  else tileByRow(rows, steps, a, stepTile, b, stepP, c, stepRow, accumulate);
}

function copyTile(
  to: usize,
  stepTo: usize,
  from: usize,
  stepFrom: usize,
  rows: i32,
  columns: i32,
): void {
  for (let i = 0; i < rows; i++, to += stepTo, from += stepFrom)
    for (let j: usize = 0; j < <usize>columns << 2; j += 4) store<f32>(to + j, load<f32>(from + j));
}
