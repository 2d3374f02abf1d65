import * as abi from "../../../kernels/wasm/abi.ts";
import * as opcodes from "../../../kernels/wasm/opcodes.ts";
import type { Device } from "../../../src/engines/device.ts";
import { load } from "../../../src/engines/wasm/executable.ts";
import { createArena } from "../../../src/engines/wasm/machine/heap.ts";
import { createMemory, type Memory } from "../../../src/engines/wasm/machine/memory.ts";
import { compileKernels } from "../../../src/engines/wasm/machine/module.ts";
import { createOwnership, type WasmBuffer } from "../../../src/engines/wasm/machine/ownership.ts";
import { startThreads, type Threads } from "../../../src/engines/wasm/machine/threads.ts";
import { read } from "../../../src/engines/wasm/machine/transfer.ts";
import { at } from "../../../src/tensor/shapes.ts";

/** What computes plans. */
export type Computer<Buffer> = Pick<Device<Buffer>, "prepare" | "read" | "free" | "close">;

/** Most tasks that an instruction is cut into, however little it does. */
const TASKS = 40;

/** Kernels whose tasks have parts of a buffer by their number: these stay as they are cut. */
const NUMBERED: readonly number[] = [
  ...[opcodes.RMS_NORM_GRAD_GAIN, opcodes.CAUSAL_ATTENTION, opcodes.CAUSAL_ATTENTION_GRAD],
  ...[opcodes.RANGE_ATTENTION, opcodes.RANGE_ATTENTION_GRAD],
];

/**
 * A device on which one thread does each instruction's tasks, many and small, from the last to the
 * first. Threads take them as they come, so that results must not depend on their order: here they
 * would, each time, where a task reads or changes what is another's.
 */
export async function createBackwardsDevice(): Promise<Computer<WasmBuffer>> {
  const { module } = await compileKernels(false, true);
  const memory = createMemory(false);
  const { heap } = memory;
  const ownership = createOwnership(heap);
  const one = await startThreads(module, memory, 1);
  const threads = { count: 2, start: () => runBackwards(memory, one), close: one.close };
  const machine = { memory, threads, ownership, arena: createArena(heap) };
  return {
    prepare: async (plan) => load(plan, machine),
    read: async (buffer, _, dtype, span) => read(memory, buffer, dtype, span),
    free: ownership.free,
    close: threads.close,
  };
}

/** What a smaller task does: whole blocks of Q8_0, or whole lines, where it may be made of such. */
function smaller(args: Int32Array): number {
  const [all, perTask] = [at(args, abi.ALL), at(args, abi.PER_TASK)];
  const unit = [abi.Q8_NUMBERS, abi.LINE_BYTES / 4].find((one) => perTask % one === 0) ?? 1;
  return unit * Math.max(1, Math.ceil(all / TASKS / unit));
}

/** Runs the program that the control words name: each task as a program of its own. */
function runBackwards({ heap, words }: Memory, { start }: Threads): void {
  const [from, to] = [abi.PROGRAM, abi.PROGRAM_END].map((address) => at(words(), address / 4));
  const bytes = Number(to) - Number(from);
  const stream = heap.allocate(bytes + 8);
  const program = words().slice(Number(from) / 4, Number(to) / 4);
  for (let phase = 0; phase < program.length; phase += at(program, phase + 1) / 4) {
    const end = phase + at(program, phase + 1) / 4;
    for (let place = phase + abi.PHASE_WORDS; place < end; place += at(program, place + 1)) {
      const [opcode, size] = [at(program, place), at(program, place + 1)];
      const args = program.subarray(place + abi.INSTRUCTION_WORDS, place + size);
      if (!NUMBERED.includes(opcode)) args[abi.PER_TASK] = smaller(args);
      const tasks = Math.ceil(at(args, abi.ALL) / at(args, abi.PER_TASK));
      for (let task = tasks - 1; task >= 0; task--) {
        // All tasks before this one are taken already, and done.
        const counters = stream + 4 * (abi.PHASE_WORDS + size);
        const header = [abi.PARALLEL, counters - stream, task + 1, counters];
        const instruction = [opcode, size, task + 1, counters + 4, ...args];
        words().set([...header, ...instruction, task, task], stream / 4);
        words()[abi.PHASE / 4] = 0;
        words()[abi.PROGRAM / 4] = stream;
        words()[abi.PROGRAM_END / 4] = counters;
        start(false);
      }
    }
  }
  heap.free(stream);
}
