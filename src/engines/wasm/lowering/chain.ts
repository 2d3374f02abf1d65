import * as abi from "../../../../kernels/wasm/abi.ts";
import * as opcodes from "../../../../kernels/wasm/opcodes.ts";
import { at } from "../../../tensor/shapes.ts";
import { type Instruction, unitsPerTask, type Write, wordsAt } from "./instruction.ts";

/** Nanoseconds of an element in one kernel, roughly. */
const NANOSECONDS = 0.5;

const SLOTS: readonly number[] = Array.from({ length: abi.SLOTS }, (_, slot) => slot);

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
  const traffic = trafficOf(links);
  const slots = slotsOf(links, kept, traffic);
  if (!slots) return undefined;
  const name = (buffer: number): number => {
    const slot = slots.get(buffer);
    return slot === undefined ? buffer : ~slot;
  };
  const elements = at(at(links, 0).args, abi.ALL);
  const words: number[] = [];
  for (const { opcode, args, reads, writes } of links) {
    const own = args.length - reads.length - writes.length;
    // Its words, but for the elements and how many of them a task does.
    words.push(opcode, abi.LINK_WORDS + args.length, elements, abi.BLOCK);
    for (let i = abi.OWN; i < own; i++) words.push(at(args, i));
    for (const { buffer } of writes) words.push(name(buffer));
    for (const x of reads) words.push(name(x));
  }
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
    reads: [...traffic.lastReader.keys()].filter((x) => !traffic.made.has(x)),
    writes: writesOf(links, kept, traffic),
    scratch: undefined,
    continues: false,
    flop: 0,
  };
}

/** What goes between links. */
interface Traffic {
  /** The last link that reads each buffer, in the order in which they are first read. */
  readonly lastReader: ReadonlyMap<number, number>;
  /** Buffers that links make. */
  readonly made: ReadonlySet<number>;
}

function trafficOf(links: readonly Instruction[]): Traffic {
  const lastReader = new Map<number, number>();
  const made = new Set<number>();
  for (let i = 0; i < links.length; i++) {
    const { reads, writes } = at(links, i);
    for (const x of reads) lastReader.set(x, i);
    for (const { buffer } of writes) made.add(buffer);
  }
  return { lastReader, made };
}

/** A slot for each buffer that only the links read, free again after the last that does. */
function slotsOf(
  links: readonly Instruction[],
  kept: ReadonlySet<number>,
  { lastReader }: Traffic,
): ReadonlyMap<number, number> | undefined {
  const slots = new Map<number, number>();
  const free = SLOTS.slice();
  for (let i = 0; i < links.length; i++) {
    const { reads, writes } = at(links, i);
    for (let j = 0; j < reads.length; j++) {
      const x = at(reads, j);
      const slot = slots.get(x);
      if (slot === undefined || lastReader.get(x) !== i || reads.indexOf(x) !== j) continue;
      free.unshift(slot);
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
function writesOf(
  links: readonly Instruction[],
  kept: ReadonlySet<number>,
  { lastReader, made }: Traffic,
): Write[] {
  const all: Write[] = [];
  /** What links so far may lie over. */
  const before = new Set<number>();
  links.forEach(({ writes }, i) => {
    for (const { buffer, over } of writes) {
      if (!kept.has(buffer)) continue;
      const isOver = (x: number): boolean => {
        const last = lastReader.get(x) ?? -1;
        return !made.has(x) && (last < i || (last === i && over.includes(x)));
      };
      all.push({ buffer, over: [...new Set([...over, ...before])].filter(isOver) });
    }
    for (const { over } of writes) for (const x of over) before.add(x);
  });
  return all;
}
