import { word } from "./control";

/** First byte of a task's part of the elements. Arguments: elements, elements a task. */
// @ts-ignore: decorator
@inline
export function chunkStart(args: usize, task: i32): usize {
  return (<usize>task * <usize>word(args, 1)) << 2;
}

/** The byte after the part that starts at `from`. Buffers are padded to whole vectors, so loops
 * over the elements write whole vectors to the end. */
// @ts-ignore: decorator
@inline
export function chunkEnd(args: usize, from: usize): usize {
  return min<usize>(<usize>word(args, 0) << 2, from + (<usize>word(args, 1) << 2));
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
