import {
  ALL,
  BF16,
  CAST_RESULT,
  CAST_STORAGE,
  PER_TASK,
  Q8_0,
  Q8_BYTES,
  Q8_NUMBERS,
} from "../abi";
import { buffer, word } from "../control";
import { roundBf16, roundF16, roundQ8, storedBytes, storeHalves, widenRow } from "../storage";

/** Numbers of a task, from its first on. */
// @ts-ignore: decorator
@inline
function numbersOf(args: usize, from: usize): usize {
  return min<usize>(<usize>word(args, ALL) - from, <usize>word(args, PER_TASK));
}

/** Numbers of a storage type to float32. */
export function widen(args: usize, task: i32): void {
  const from = <usize>task * <usize>word(args, PER_TASK);
  const storage = word(args, CAST_STORAGE);
  const y = buffer(args, CAST_RESULT) + (from << 2);
  const x = buffer(args, CAST_RESULT + 1) + storedBytes(storage, from);
  widenRow(y, x, storage, numbersOf(args, from) << 2);
}

/** Float32 to a storage type. Buffers are padded to whole vectors, which are written to the end. */
export function round(args: usize, task: i32): void {
  const from = <usize>task * <usize>word(args, PER_TASK);
  const storage = word(args, CAST_STORAGE);
  const numbers = numbersOf(args, from);
  let y = buffer(args, CAST_RESULT) + storedBytes(storage, from);
  let x = buffer(args, CAST_RESULT + 1) + (from << 2);
  const end = x + (numbers << 2);
  if (storage == Q8_0) for (; x < end; x += Q8_NUMBERS << 2, y += Q8_BYTES) roundQ8(y, x);
  else if (storage == BF16)
    for (; x < end; x += 16, y += 8) storeHalves(y, roundBf16(v128.load(x)));
  else for (; x < end; x += 16, y += 8) storeHalves(y, roundF16(v128.load(x)));
}
