import {
  ALL,
  GATHER_BYTES,
  GATHER_RESULT,
  GATHER_ROWS,
  GATHER_STORAGE,
  REPLACE_BYTES,
  REPLACE_IDS,
  REPLACE_RESULT,
  REPLACE_ROWS,
  SCATTER_IDS,
  SCATTER_RESULT,
  SCATTER_ROWS,
} from "../abi";
import { buffer, reportBadId, word } from "../control";
import { clearRow } from "../rows/rows";
import { storeRow } from "../simd";
import { storedBytes, widenRow } from "../storage";
import { unitEnd, unitStart } from "../tasks";

/** Rows of a table, a unit for each id. The row of an id outside the table is zeros. */
export function gather(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, GATHER_BYTES);
  const rows = word(args, GATHER_ROWS);
  const storage = word(args, GATHER_STORAGE);
  const step = storedBytes(storage, bytes >> 2);
  for (let i = from; i < to; i++) {
    const id = load<i32>(buffer(args, GATHER_RESULT + 2) + (<usize>i << 2));
    const y = buffer(args, GATHER_RESULT) + <usize>i * bytes;
    if (<u32>id >= <u32>rows) {
      reportBadId(id, rows);
      clearRow(y, 0, bytes);
      continue;
    }
    const x = buffer(args, GATHER_RESULT + 1) + <usize>id * step;
    widenRow(y, x, storage, bytes);
  }
}

/** Adds rows into a table of zeros, in the order of the ids; a task does some of the columns. */
export function scatterAdd(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const stride = <usize>word(args, ALL) << 2;
  const bytes = <usize>(unitEnd(args, from) - from) << 2;
  const ids = word(args, SCATTER_IDS);
  const rows = word(args, SCATTER_ROWS);
  const y = buffer(args, SCATTER_RESULT) + (<usize>from << 2);
  for (let row = 0; row < rows; row++) clearRow(y + <usize>row * stride, 0, bytes);
  for (let i = 0; i < ids; i++) {
    const id = load<i32>(buffer(args, SCATTER_RESULT + 1) + (<usize>i << 2));
    if (<u32>id >= <u32>rows) {
      reportBadId(id, rows);
      continue;
    }
    const sum = y + <usize>id * stride;
    const x = buffer(args, SCATTER_RESULT + 2) + (<usize>from << 2) + <usize>i * stride;
    for (let j: usize = 0; j < bytes; j += 16)
      storeRow(sum, j, bytes, f32x4.add(v128.load(sum + j), v128.load(x + j)));
  }
}

/** Matrices with some of their rows replaced, in the order of the ids; a unit is a matrix. Where the
 * result lies over the first input only those rows are touched. */
export function scatterRows(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const bytes = <usize>word(args, REPLACE_BYTES);
  const rows = word(args, REPLACE_ROWS);
  const count = word(args, REPLACE_IDS);
  const size = <usize>rows * bytes;
  const inPlace = buffer(args, REPLACE_RESULT) == buffer(args, REPLACE_RESULT + 1);
  for (let matrix = from; matrix < to; matrix++) {
    const y = buffer(args, REPLACE_RESULT) + <usize>matrix * size;
    if (!inPlace) memory.copy(y, buffer(args, REPLACE_RESULT + 1) + <usize>matrix * size, size);
    const ids = buffer(args, REPLACE_RESULT + 2) + ((<usize>matrix * <usize>count) << 2);
    let x = buffer(args, REPLACE_RESULT + 3) + <usize>matrix * <usize>count * bytes;
    for (let i = 0; i < count; i++, x += bytes) {
      const id = load<i32>(ids + (<usize>i << 2));
      if (<u32>id < <u32>rows) memory.copy(y + <usize>id * bytes, x, bytes);
      else reportBadId(id, rows);
    }
  }
}
