import { TILE_COLUMNS } from "../abi";
import { storedBytes, widenRow } from "../storage";
import { packTransposed } from "./pack";

/** `packPanels` of a matrix that is kept in a storage type: `rows` × `columns` from column j0 on, a
 * multiple of 32, of rows that lie `step` bytes apart. `row` is room for one row of floats. */
export function packStoredPanels(
  to: usize,
  from: usize,
  step: usize,
  storage: i32,
  rows: i32,
  j0: i32,
  columns: i32,
  row: usize,
): void {
  const panel = <usize>rows << 5;
  const bytes = <usize>columns << 2;
  let x = from + storedBytes(storage, j0);
  for (let i = 0; i < rows; i++, x += step, to += TILE_COLUMNS << 2) {
    widenRow(row, x, storage, bytes);
    let y = to;
    for (let j: usize = 0; j < bytes; j += TILE_COLUMNS << 2, y += panel) {
      v128.store(y, v128.load(row + j));
      v128.store(y, v128.load(row + j, 16), 16);
    }
  }
}

/** `packTransposed` of such a matrix, stored as `columns` rows: steps [at, at + rows) of each, `at` a
 * multiple of 32. `aside` is room for a panel. */
export function packStoredTransposed(
  to: usize,
  from: usize,
  step: usize,
  storage: i32,
  at: i32,
  rows: i32,
  columns: i32,
  aside: usize,
): void {
  const bytes = <usize>rows << 2;
  let x = from + storedBytes(storage, at);
  for (let j = 0; j < columns; j += TILE_COLUMNS, to += <usize>rows << 5) {
    const some = min<i32>(TILE_COLUMNS, columns - j);
    for (let c = 0; c < some; c++, x += step) widenRow(aside + <usize>c * bytes, x, storage, bytes);
    packTransposed(to, aside, bytes, rows, some);
  }
}
