/**
 * The engine taken apart: a program's instructions run one at a time, where they stand, with the
 * data, the memory and the caches that they have there, and the clock is read in between.
 */

import * as abi from "../../../kernels/wasm/abi.ts";
import type { Plan } from "../../compile/plan.ts";
import { at } from "../../tensor/shapes.ts";
import type { Device, Executable } from "../device.ts";
import { load } from "./executable.ts";
import { createArena } from "./machine/heap.ts";
import { canShareMemory, hasSharedMemory } from "./machine/host.ts";
import { createMemory, type Memory } from "./machine/memory.ts";
import { compileKernels } from "./machine/module.ts";
import { createOwnership, type WasmBuffer } from "./machine/ownership.ts";
import { startThreads, type Threads } from "./machine/threads.ts";
import { read, upload } from "./machine/transfer.ts";

/** A device of its own, with memory of its own, for plans that are to be timed. */
export interface TimedMachine {
  readonly device: Pick<Device<WasmBuffer>, "upload" | "read" | "free">;
  load(plan: Plan): Executable<WasmBuffer>;
  /** Runs something once. @returns the time of each instruction that ran, in order, ms */
  timed(run: () => Promise<unknown>): Promise<number[]>;
  close(): Promise<void>;
}

/**
 * @param threads this one included; one where memory cannot be shared
 * @param clock ms; the wall clock by default
 */
export async function openTimedMachine(
  threads: number,
  clock: () => number = () => performance.now(),
): Promise<TimedMachine> {
  const shared = hasSharedMemory();
  const kernels = await compileKernels(shared, true);
  const memory = createMemory(shared);
  const ownership = createOwnership(memory.heap);
  const count = shared && canShareMemory() ? threads : 1;
  const team = await startThreads(kernels.module, memory, count);
  let times: number[] | undefined;
  const start = (alone: boolean): void => {
    if (times) times.push(...oneByOne(memory, team, clock));
    else team.start(alone);
  };
  const machine = {
    memory,
    ownership,
    threads: { ...team, start },
    arena: createArena(memory.heap),
  };
  return {
    device: {
      upload: (data, _, dtype) => upload(memory, ownership, data, dtype),
      read: async (buffer, _, dtype) => read(memory, buffer, dtype),
      free: ownership.free,
    },
    load: (plan) => load(plan, machine),
    async timed(run) {
      const taken: number[] = [];
      times = taken;
      try {
        await run();
      } finally {
        times = undefined;
      }
      return taken;
    },
    close: team.close,
  };
}

/** Runs the program that the control words name as programs of one instruction each. */
function oneByOne({ heap, words }: Memory, team: Threads, clock: () => number): number[] {
  const [from, to] = [at(words(), abi.PROGRAM / 4), at(words(), abi.PROGRAM_END / 4)];
  const whole = words().slice(from / 4, to / 4);
  return instructionsIn(whole).map((instruction) => {
    const tasks = at(instruction, 2);
    const parallel = tasks > 1 && team.count > 1;
    const size = abi.PHASE_WORDS + instruction.length;
    const stream = heap.allocate(4 * (size + 2));
    const counters = stream + 4 * size;
    const phase = [parallel ? abi.PARALLEL : abi.SERIAL, 4 * size, parallel ? tasks : 1, counters];
    const alone = [...phase, ...instruction, 0, 0];
    alone[abi.PHASE_WORDS + 3] = counters + 4;
    words().set(alone, stream / 4);
    words()[abi.PHASE / 4] = 0;
    words()[abi.PROGRAM / 4] = stream;
    words()[abi.PROGRAM_END / 4] = stream + 4 * size;
    const begin = clock();
    team.start(!parallel);
    const time = clock() - begin;
    heap.free(stream);
    return time;
  });
}

function instructionsIn(stream: Int32Array): Int32Array[] {
  const found: Int32Array[] = [];
  const word = (i: number): number => at(stream, i);
  for (let phase = 0; phase < stream.length; phase += word(phase + 1) / 4) {
    const end = phase + word(phase + 1) / 4;
    for (let i = phase + abi.PHASE_WORDS; i < end; i += word(i + 1))
      found.push(stream.subarray(i, i + word(i + 1)));
  }
  return found;
}
