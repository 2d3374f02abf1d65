import * as abi from "../../../../kernels/wasm/abi.ts";

/** A buffer that an instruction writes. */
export interface Write {
  readonly buffer: number;
  /** Buffers that the instruction reads and that this one may lie over. */
  readonly over: readonly number[];
}

/** One call of a kernel. Buffers are named by their index in the table of addresses. */
export interface Instruction {
  readonly opcode: number;
  /** Parts that threads may take; every part writes different elements. */
  readonly tasks: number;
  /** Words that the kernel reads. */
  readonly args: readonly number[];
  readonly reads: readonly number[];
  readonly writes: readonly Write[];
  /** A buffer for its own use, which holds nothing before and after. */
  readonly scratch: number | undefined;
  /** Writes other elements of its result than the instruction before, and reads none of them. */
  readonly continues: boolean;
  readonly flop: number;
}

/** Buffers whose numbers an instruction changes. */
export const changedBy = ({ writes, scratch }: Instruction): number[] => [
  ...writes.map(({ buffer }) => buffer),
  ...(scratch === undefined ? [] : [scratch]),
];

/** Nanoseconds of one thread, roughly: parts are not made smaller than this. */
const TASK_NANOSECONDS = 8000;
/** Parts for each thread, so that a thread that is held up does not hold up the others. */
const TASKS_PER_THREAD = 4;

/** Units for each task when `units` of `nanoseconds` are shared by threads. */
export function unitsPerTask(units: number, nanoseconds: number, threads: number): number {
  const worthwhile = Math.floor((units * nanoseconds) / TASK_NANOSECONDS);
  const tasks = threads === 1 ? 1 : Math.min(worthwhile, threads * TASKS_PER_THREAD, units);
  return Math.max(1, Math.ceil(units / Math.max(1, tasks)));
}

const scratch = new DataView(new ArrayBuffer(4));

/** A float32's bits as a word. */
export function floatBits(x: number): number {
  scratch.setFloat32(0, x);
  return scratch.getInt32(0);
}

/**
 * A kernel's own words, each at the position that kernels/wasm/abi.ts names.
 * @param end position of the result, which follows them
 * @throws RangeError where one is missing or stands elsewhere
 */
export function wordsAt(end: number, named: { readonly [position: number]: number }): number[] {
  const words: number[] = [];
  for (let position = abi.OWN; position < end; position++) {
    const word = named[position];
    if (word === undefined)
      throw new RangeError(`wasm: expected a word at position ${position} of a kernel's, got none`);
    words.push(word);
  }
  let given = 0;
  for (const _ in named) given++;
  if (given !== words.length)
    throw new RangeError(`wasm: expected ${words.length} words before the result, got ${given}`);
  return words;
}

/** A kernel and what it is called with. */
export interface Kernel {
  readonly opcode: number;
  /** Words between the sizes and the buffers. */
  readonly words?: readonly number[];
  readonly inputs: readonly number[];
  readonly output: number;
  /** A buffer for its own use, named last. */
  readonly scratch?: number;
  /** Inputs that the result may lie over. */
  readonly overwritable?: readonly number[];
  readonly continues?: boolean;
  readonly flop?: number;
}

/** How much work there is, and for whom. */
export interface Work {
  /** Nanoseconds of an element or a unit, roughly. */
  readonly nanoseconds: number;
  readonly threads: number;
}

/** Elements of a cache line, to which buffers are padded. */
const LINE = abi.LINE_BYTES / 4;

/** A kernel over elements: its arguments begin with how many there are and how many a task does. */
export function overElements(
  elements: number,
  { nanoseconds, threads }: Work,
  kernel: Kernel,
): Instruction {
  const lines = Math.ceil(elements / LINE);
  return inTasks(elements, LINE * unitsPerTask(lines, LINE * nanoseconds, threads), kernel);
}

/** A kernel over units — rows or blocks — of which a task does a few. */
export function overUnits(
  units: number,
  { nanoseconds, threads }: Work,
  kernel: Kernel,
): Instruction {
  return inTasks(units, unitsPerTask(units, nanoseconds, threads), kernel);
}

/** A kernel whose tasks have a given size. */
export function inTasks(all: number, perTask: number, kernel: Kernel): Instruction {
  const { opcode, words = [], inputs, output, overwritable = [], continues = false } = kernel;
  const { scratch } = kernel;
  const args = [all, perTask].concat(words);
  args.push(output);
  for (const input of inputs) args.push(input);
  if (scratch !== undefined) args.push(scratch);
  return {
    opcode,
    tasks: Math.ceil(all / perTask),
    args,
    reads: inputs,
    writes: [{ buffer: output, over: overwritable }],
    scratch,
    continues,
    flop: kernel.flop ?? 0,
  };
}
