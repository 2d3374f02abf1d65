import { buffer, reportBadId, word } from "../control";
import { clearRow } from "../rows/rows";
import { storeRow } from "../simd";
import { unitEnd, unitStart } from "../tasks";

/** Rows of a table. Arguments: ids, ids a task, bytes of a row, rows, then buffers: result, table,
 * ids. The row of an id outside the table is zeros. */
export function gather(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, 2);
  const rows = word(args, 3);
  for (let i = from; i < to; i++) {
    const id = load<i32>(buffer(args, 6) + (<usize>i << 2));
    const y = buffer(args, 4) + <usize>i * bytes;
    if (<u32>id >= <u32>rows) {
      reportBadId(id, rows);
      clearRow(y, 0, bytes);
      continue;
    }
    const x = buffer(args, 5) + <usize>id * bytes;
    for (let j: usize = 0; j < bytes; j += 16) storeRow(y, j, bytes, v128.load(x + j));
  }
}

/** Adds rows into a table of zeros, in the order of the ids; a task does some of the columns.
 * Arguments: columns, columns a task, ids, rows, then buffers: result, ids, updates. */
export function scatterAdd(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const stride = <usize>word(args, 0) << 2;
  const bytes = <usize>(unitEnd(args, from) - from) << 2;
  const ids = word(args, 2);
  const rows = word(args, 3);
  const y = buffer(args, 4) + (<usize>from << 2);
  for (let row = 0; row < rows; row++) clearRow(y + <usize>row * stride, 0, bytes);
  for (let i = 0; i < ids; i++) {
    const id = load<i32>(buffer(args, 5) + (<usize>i << 2));
    if (<u32>id >= <u32>rows) {
      reportBadId(id, rows);
      continue;
    }
    const sum = y + <usize>id * stride;
    const x = buffer(args, 6) + (<usize>from << 2) + <usize>i * stride;
    for (let j: usize = 0; j < bytes; j += 16)
      storeRow(sum, j, bytes, f32x4.add(v128.load(sum + j), v128.load(x + j)));
  }
}
