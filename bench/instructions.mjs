// The wasm engine taken apart: a program's instructions can be run, and timed, one at a time.
import * as abi from "../dist/kernels/wasm/abi.js";
import { load } from "../dist/src/engines/wasm/executable.js";
import { createMemory } from "../dist/src/engines/wasm/memory.js";
import { compileKernels } from "../dist/src/engines/wasm/module.js";
import { createOwnership } from "../dist/src/engines/wasm/ownership.js";
import { startThreads } from "../dist/src/engines/wasm/threads.js";
import { cpuMs } from "./statistics.mjs";

/** A device for plans whose runs can be timed instruction by instruction. */
export async function openMachine(threads) {
  const kernels = await compileKernels(true, true);
  const memory = createMemory(true);
  const ownership = createOwnership(memory.heap);
  const team = await startThreads(kernels.module, memory, threads);
  let times;
  const start = (alone) => {
    if (times) oneByOne(memory, team, times);
    else team.start(alone);
  };
  const machine = { memory, ownership, threads: { ...team, start }, arena: arenaOf(memory.heap) };
  return {
    device: {
      upload(data, _, dtype) {
        const buffer = ownership.own(4 * data.length);
        const view = dtype === "int" ? memory.words() : memory.floats();
        view.set(data, buffer.address / 4);
        return buffer;
      },
      read: async ({ address, bytes }) => memory.floats().slice(address / 4, (address + bytes) / 4),
      free: ownership.free,
    },
    load: (plan) => load(plan, machine),
    /** Runs once; the time of each instruction in order, ms: of one thread its CPU time, else the clock's. */
    async timed(run) {
      times = [];
      await run();
      const taken = times;
      times = undefined;
      return taken;
    },
    close: team.close,
  };
}

function arenaOf(heap) {
  let address = heap.allocate(0);
  let size = 0;
  return (bytes) => {
    if (bytes > size) {
      heap.free(address);
      address = heap.allocate(bytes);
      size = bytes;
    }
    return address;
  };
}

/** Runs the program that the control words name as programs of one instruction each. */
function oneByOne({ heap, words }, team, times) {
  const [from, to] = [abi.PROGRAM, abi.PROGRAM_END].map((address) => words()[address / 4]);
  for (const instruction of instructionsIn(words().slice(from / 4, to / 4))) {
    const tasks = instruction[2];
    const parallel = tasks > 1 && team.count > 1;
    const size = abi.PHASE_WORDS + instruction.length;
    const at = heap.allocate(4 * (size + 2));
    const counters = at + 4 * size;
    const phase = [parallel ? abi.PARALLEL : abi.SERIAL, 4 * size, parallel ? tasks : 1, counters];
    const stream = [...phase, ...instruction, 0, 0];
    stream[abi.PHASE_WORDS + 3] = counters + 4;
    words().set(stream, at / 4);
    words()[abi.PHASE / 4] = 0;
    words()[abi.PROGRAM / 4] = at;
    words()[abi.PROGRAM_END / 4] = at + 4 * size;
    const [begin, cpu] = [performance.now(), cpuMs()];
    team.start(!parallel);
    // One thread's CPU time does not see what else the machine does.
    times.push(team.count === 1 ? cpuMs() - cpu : performance.now() - begin);
    heap.free(at);
  }
}

function* instructionsIn(stream) {
  for (let phase = 0; phase < stream.length; phase += stream[phase + 1] / 4) {
    const end = phase + stream[phase + 1] / 4;
    for (let at = phase + abi.PHASE_WORDS; at < end; at += stream[at + 1])
      yield stream.subarray(at, at + stream[at + 1]);
  }
}
