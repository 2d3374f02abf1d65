import { BLOCK, SLOTS_AT } from "./abi";
import { buffer, scratch, word } from "./control";

/** First byte of a task's part of the elements. Arguments: elements, elements a task. */
// @ts-ignore: decorator
@inline
export function chunkStart(args: usize, task: i32): usize {
  return (<usize>task * <usize>word(args, 1)) << 2;
}

/** Bytes of the part that starts at `from`. Buffers are padded to whole vectors, so loops over the
 * elements write whole vectors to the end. */
// @ts-ignore: decorator
@inline
export function chunkBytes(args: usize, from: usize): usize {
  return min<usize>((<usize>word(args, 0) << 2) - from, <usize>word(args, 1) << 2);
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

/** First of a task's units: rows, columns or blocks. Arguments: units, units a task. */
// @ts-ignore: decorator
@inline
export function unitStart(args: usize, task: i32): i32 {
  return task * word(args, 1);
}

// @ts-ignore: decorator
@inline
export function unitEnd(args: usize, from: i32): i32 {
  return min<i32>(word(args, 0), from + word(args, 1));
}
