import { buffer, scratch, word } from "./control";
import { packPanels, packTransposed } from "./pack";
import { TILE_COLUMNS, TILE_ROWS, tileByPanel, tileByRow } from "./tile";
import { unitEnd, unitStart } from "./tasks";

/** Steps along k for which packed panels stay in the caches. */
const DEPTH: i32 = 256;
/** Most columns of a block: DEPTH × 256 × 4 bytes of packed B. */
const PANELS: usize = 262144;

// Arguments: units, units a task, m, n, k, transposeA, transposeB, rows and columns of a block, then
// buffers: result, a, b. A unit is one block of the result of one matrix of the batch.

export function matmul(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const m = word(args, 2);
  const n = word(args, 3);
  const k = word(args, 4);
  const blockRows = word(args, 7);
  const blockColumns = word(args, 8);
  const down = (m + blockRows - 1) / blockRows;
  const across = (n + blockColumns - 1) / blockColumns;
  for (let unit = from; unit < to; unit++) {
    const batch = <usize>(unit / (down * across));
    const i = ((unit / across) % down) * blockRows;
    const j = (unit % across) * blockColumns;
    block(
      args,
      buffer(args, 9) + ((batch * <usize>m * <usize>n) << 2),
      buffer(args, 10) + ((batch * <usize>m * <usize>k) << 2),
      buffer(args, 11) + ((batch * <usize>k * <usize>n) << 2),
      i,
      min<i32>(m, i + blockRows),
      j,
      min<i32>(n, j + blockColumns),
    );
  }
}

/** Rows [i0, i1) and columns [j0, j1) of one product. */
function block(
  args: usize,
  c: usize,
  a: usize,
  b: usize,
  i0: i32,
  i1: i32,
  j0: i32,
  j1: i32,
): void {
  const m = word(args, 2);
  const n = word(args, 3);
  const k = word(args, 4);
  const transposeA = word(args, 5) != 0;
  const transposeB = word(args, 6) != 0;
  const stepA = <usize>(transposeA ? m : k) << 2;
  const stepB = <usize>(transposeB ? k : n) << 2;
  const stepC = <usize>n << 2;
  // Packing costs a pass over B; it pays where B's rows lie far apart and are read often.
  const packB = transposeB || (i1 - i0 >= 24 && n > 32);
  const packA = transposeA && j1 - j0 >= 32;
  const panelA = scratch + PANELS;
  let p = 0;
  do {
    const depth = min<i32>(DEPTH, k - p);
    let panels: usize;
    let stepPanel: usize;
    let stepP: usize;
    if (packB) {
      panels = scratch;
      stepP = <usize>TILE_COLUMNS << 2;
      stepPanel = <usize>depth * stepP;
      if (transposeB)
        packTransposed(panels, b + <usize>j0 * stepB + (<usize>p << 2), stepB, depth, j1 - j0);
      else
        packPanels(panels, b + <usize>p * stepB + (<usize>j0 << 2), stepB, depth, j1 - j0, 8);
    } else {
      panels = b + <usize>p * stepB + (<usize>j0 << 2);
      stepP = stepB;
      stepPanel = <usize>TILE_COLUMNS << 2;
    }
    for (let i = i0; i < i1; i += TILE_ROWS) {
      const rows = min<i32>(TILE_ROWS, i1 - i);
      let at: usize;
      let stepTile: usize;
      if (transposeA) {
        at = a + <usize>p * stepA + (<usize>i << 2);
        stepTile = stepA;
        if (packA) {
          packPanels(panelA, at, stepA, depth, 1, TILE_ROWS);
          at = panelA;
          stepTile = <usize>TILE_ROWS << 2;
        }
      } else {
        at = a + <usize>i * stepA + (<usize>p << 2);
        stepTile = stepA;
      }
      for (let j = j0; j < j1; j += TILE_COLUMNS) {
        const bAt = panels + <usize>((j - j0) / TILE_COLUMNS) * stepPanel;
        const cAt = c + <usize>i * stepC + (<usize>j << 2);
        if (j1 - j >= TILE_COLUMNS) {
          if (transposeA) tileByPanel(rows, depth, at, stepTile, bAt, stepP, cAt, stepC, p > 0);
          else tileByRow(rows, depth, at, stepTile, bAt, stepP, cAt, stepC, p > 0);
        } else {
          // Only part of the tile is wanted: it is made aside.
          const aside = panelA + 8192;
          if (p > 0) copyTile(aside, 32, cAt, stepC, rows, j1 - j);
          if (transposeA) tileByPanel(rows, depth, at, stepTile, bAt, stepP, aside, 32, p > 0);
          else tileByRow(rows, depth, at, stepTile, bAt, stepP, aside, 32, p > 0);
          copyTile(cAt, stepC, aside, 32, rows, j1 - j);
        }
      }
    }
    p += DEPTH;
  } while (p < k);
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
