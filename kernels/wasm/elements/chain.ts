import { CHAIN_LINKS, CHAIN_WORDS, LINK_WORDS } from "../abi";
import { word } from "../control";
import { execute } from "../dispatch";
import { unitEnd, unitStart } from "../tasks";

/** Elementwise kernels one after the other on a block of all operands, then on the next: a block is
 * still near when the next kernel reads it, and what only the chain reads is never stored elsewhere.
 * The first two arguments of a link are the elements and those of a block. */
export function chain(args: usize, task: i32): void {
  const from = unitStart(args, task);
  const to = unitEnd(args, from);
  const first = args + (CHAIN_LINKS << 2);
  const end = first + (<usize>word(args, CHAIN_WORDS) << 2);
  for (let block = from; block < to; block++)
    for (let at = first; at < end; at += load<usize>(at, 4) << 2)
      execute(load<i32>(at), at + (LINK_WORDS << 2), block);
}
