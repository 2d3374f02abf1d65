import * as abi from "../../../../kernels/wasm/abi.ts";
import * as opcodes from "../../../../kernels/wasm/opcodes.ts";
import { at } from "../../../tensor/shapes.ts";
import { type Instruction, unitsPerTask, type Write, wordsAt } from "./instruction.ts";

/** Nanoseconds of an element in one kernel, roughly. */
const NANOSECONDS = 0.5;

/**
 * Elementwise instructions over the same elements as one, which runs them block by block.
 * @param links in the order of computation
 * @param kept buffers that are read outside, or returned; the others are never stored
 * @returns undefined where more lies between the links than a thread's scratch holds
 */
export function chain(
  links: readonly Instruction[],
  kept: ReadonlySet<number>,
  threads: number,
): Instruction | undefined {
  const slots = slotsOf(links, kept);
  if (!slots) return undefined;
  const name = (buffer: number): number => {
    const slot = slots.get(buffer);
    return slot === undefined ? buffer : ~slot;
  };
  const words = links.flatMap(({ opcode, args, reads, writes }) => {
    const operands = [...writes.map(({ buffer }) => buffer), ...reads].map(name);
    const own = args.slice(abi.OWN, args.length - operands.length);
    const elements = at(args, abi.ALL);
    const called = [elements, abi.BLOCK, ...own, ...operands];
    return [opcode, abi.LINK_WORDS + called.length, ...called];
  });
  const elements = at(at(links, 0).args, abi.ALL);
  const blocks = Math.ceil(elements / abi.BLOCK);
  const perTask = unitsPerTask(blocks, abi.BLOCK * links.length * NANOSECONDS, threads);
  return {
    opcode: opcodes.CHAIN,
    tasks: Math.ceil(blocks / perTask),
    args: [
      blocks,
      perTask,
      ...wordsAt(abi.CHAIN_LINKS, { [abi.CHAIN_WORDS]: words.length }),
      ...words,
    ],
    reads: [...new Set(links.flatMap(({ reads }) => reads))].filter((x) => !made(links, x)),
    writes: writesOf(links, kept),
    scratch: undefined,
    continues: false,
    flop: 0,
  };
}

const made = (links: readonly Instruction[], buffer: number): boolean =>
  links.some(({ writes }) => writes.some((write) => write.buffer === buffer));

const lastReader = (links: readonly Instruction[], buffer: number): number =>
  links.findLastIndex(({ reads }) => reads.includes(buffer));

/** A slot for each buffer that only the links read, free again after the last that does. */
function slotsOf(
  links: readonly Instruction[],
  kept: ReadonlySet<number>,
): ReadonlyMap<number, number> | undefined {
  const slots = new Map<number, number>();
  const free = Array.from({ length: abi.SLOTS }, (_, slot) => slot);
  for (const [i, { reads, writes }] of links.entries()) {
    for (const x of new Set(reads)) {
      const slot = slots.get(x);
      if (slot !== undefined && lastReader(links, x) === i) free.unshift(slot);
    }
    for (const { buffer } of writes) {
      if (kept.has(buffer)) continue;
      const slot = free.shift();
      if (slot === undefined) return undefined;
      slots.set(buffer, slot);
    }
  }
  return slots;
}

/** What a chain writes, and over what: a block may take the place of one that no later link reads. */
function writesOf(links: readonly Instruction[], kept: ReadonlySet<number>): Write[] {
  return links.flatMap(({ writes }, i) =>
    writes
      .filter(({ buffer }) => kept.has(buffer))
      .map(({ buffer, over }) => {
        const before = links.slice(0, i).flatMap(({ writes }) => writes.flatMap((w) => w.over));
        const dead = (x: number) => lastReader(links, x) < i || over.includes(x);
        return {
          buffer,
          over: [...new Set([...over, ...before])].filter(
            (x) => !made(links, x) && lastReader(links, x) <= i && dead(x),
          ),
        };
      }),
  );
}
