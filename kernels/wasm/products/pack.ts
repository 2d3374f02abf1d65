import { transpose4 } from "../moves/move";

/** Copies `rows` × `columns` of a matrix into panels of 8 columns, [panel][row][8]; lanes past the
 * last column hold whatever follows. `step` is the matrix's row in bytes. */
export function packPanels(to: usize, from: usize, step: usize, rows: i32, columns: i32): void {
  const panel = <usize>rows << 5;
  let j = 0;
  // Two panels at a time: together they are as wide as a cache line.
  for (; j + 8 < columns; j += 16, to += 2 * panel, from += 64) {
    let x = from;
    const end = to + panel;
    for (let y = to; y < end; x += step, y += 32) {
      v128.store(y, v128.load(x));
      v128.store(y, v128.load(x, 16), 16);
      v128.store(y + panel, v128.load(x, 32));
      v128.store(y + panel, v128.load(x, 48), 16);
    }
  }
  if (j < columns) packPanel(to, from, step, rows, 8);
}

/** Copies the first `width` ≤ 8 columns of a matrix, [row][width]. */
export function packPanel(to: usize, from: usize, step: usize, rows: i32, width: i32): void {
  const stride = <usize>width << 2;
  for (let i = 0; i < rows; i++, from += step, to += stride) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
  }
}

/** The same from a transposed matrix, stored as `columns` rows of `rows`, in panels of 8. */
export function packTransposed(to: usize, from: usize, step: usize, rows: i32, columns: i32): void {
  const panel = <usize>rows << 5;
  const whole = rows & ~3;
  for (let j = 0; j < columns; j += 8, to += panel) {
    const x = from + <usize>j * step;
    if (columns - j >= 8)
      for (let i = 0; i < whole; i += 4) {
        transpose4(to + (<usize>i << 5), 32, x + (<usize>i << 2), step);
        transpose4(to + (<usize>i << 5) + 16, 32, x + 4 * step + (<usize>i << 2), step);
      }
    const done = columns - j >= 8 ? whole : 0;
    for (let c = 0; c < min<i32>(8, columns - j); c++)
      for (let i = done; i < rows; i++)
        store<f32>(
          to + (<usize>i << 5) + (<usize>c << 2),
          load<f32>(x + <usize>c * step + (<usize>i << 2)),
        );
  }
}
