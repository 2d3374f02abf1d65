import { ALL, BLOCK, PER_TASK, SLOTS_AT } from "./abi";
import { buffer, scratch, word } from "./control";

/** First byte of a task's part of the elements. */
// @ts-ignore: decorator
@inline
export function chunkStart(args: usize, task: i32): usize {
  return (<usize>task * <usize>word(args, PER_TASK)) << 2;
}

/** Bytes of the part that starts at `from`. Buffers are padded to whole vectors, so loops over the
 * elements write whole vectors to the end. */
// @ts-ignore: decorator
@inline
export function chunkBytes(args: usize, from: usize): usize {
  return min<usize>((<usize>word(args, ALL) << 2) - from, <usize>word(args, PER_TASK) << 2);
}

/** Where the part that starts at `from` lies of the buffer that argument `i` names. A negative name,
 * ~slot, is that of a block in this thread's scratch, which holds nothing but that part. */
// @ts-ignore: decorator
@inline
export function part(args: usize, i: i32, from: usize): usize {
  const name = word(args, i);
  if (name < 0) return scratch + SLOTS_AT + <usize>~name * (BLOCK << 2);
  return buffer(args, i) + from;
}

/** First of a task's units: rows, columns or blocks. */
// @ts-ignore: decorator
@inline
export function unitStart(args: usize, task: i32): i32 {
  return task * word(args, PER_TASK);
}

// @ts-ignore: decorator
@inline
export function unitEnd(args: usize, from: i32): i32 {
  return min<i32>(word(args, ALL), from + word(args, PER_TASK));
}
