import { word } from "../control";
import { execute } from "../dispatch";
import { unitEnd, unitStart } from "../tasks";

/** Elementwise kernels one after the other on a block of all operands, then on the next: a block is
 * still near when the next kernel reads it, and what only the chain reads is never stored elsewhere.
 * Arguments: blocks, blocks a task, words of the links; then for each link its opcode, its words and
 * its arguments, of which the first two are the elements and those of a block. */
export function chain(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const first = args + 12;
  const end = first + (<usize>word(args, 2) << 2);
  for (let block = from; block < to; block++)
    for (let at = first; at < end; at += load<usize>(at, 4) << 2)
      execute(load<i32>(at), at + 8, block);
}
