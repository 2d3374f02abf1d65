import type { Plan } from "../../compile/plan.ts";
import { sizeOf } from "../../tensor/shapes.ts";
import type { DType } from "../../tensor/tensor.ts";
import type { Device, MemoryUse } from "../device.ts";
import { load, type WasmExecutable } from "./executable.ts";
import type { Heap } from "./machine/heap.ts";
import { canShareMemory, coreCount, hasSharedMemory } from "./machine/host.ts";
import { createMemory } from "./machine/memory.ts";
import { compileKernels } from "./machine/module.ts";
import { createOwnership, type WasmBuffer } from "./machine/ownership.ts";
import { startThreads } from "./machine/threads.ts";

export type { WasmBuffer } from "./machine/ownership.ts";

export interface WasmOptions {
  /** Threads, this one included; as many as there are cores, but at most 8, by default. One where
   * memory cannot be shared. Results do not depend on it. */
  readonly threads?: number;
  /** Whether to use fused multiply-add where the host has it; true by default. */
  readonly relaxedSimd?: boolean;
  /** Whether to share memory at all; false is for hosts without it. */
  readonly shared?: boolean;
}

export interface WasmDevice extends Device<WasmBuffer> {
  prepare(plan: Plan): Promise<WasmExecutable>;
}

/** More threads than this wait for each other rather than work. */
const MOST_THREADS = 8;

/**
 * Starts the WebAssembly engine.
 * @throws RangeError for a number of threads below 1; Error where WebAssembly lacks SIMD
 */
export async function createWasmDevice({
  threads = Math.min(coreCount(), MOST_THREADS),
  relaxedSimd = true,
  shared = hasSharedMemory(),
}: WasmOptions = {}): Promise<WasmDevice> {
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(`createWasmDevice: expected at least 1 thread, got ${threads}`);
  const count = shared && canShareMemory() ? threads : 1;
  const kernels = await compileKernels(shared, relaxedSimd);
  const memory = createMemory(shared);
  const ownership = createOwnership(memory.heap);
  const team = await startThreads(kernels.module, memory, count);
  const machine = { memory, ownership, threads: team, arena: createArena(memory.heap) };
  const view = (dtype: DType) => (dtype === "int" ? memory.words() : memory.floats());

  return {
    backend: "wasm",
    description: describe(kernels.relaxedSimd, count),
    lacking: [],
    prepare: async (plan) => load(plan, machine),
    upload(data, _, dtype) {
      const buffer = ownership.own(4 * data.length);
      view(dtype).set(data, buffer.address / 4);
      return buffer;
    },
    allocate: (shape) => ownership.own(4 * sizeOf(shape)),
    write(buffer, from, data, dtype) {
      ownership.check(buffer);
      view(dtype).set(data, buffer.address / 4 + from);
    },
    written: async () => {},
    async read(buffer, _, dtype, [from, to] = [0, buffer.bytes / 4]) {
      ownership.check(buffer);
      const start = buffer.address / 4;
      return view(dtype).slice(start + from, start + to);
    },
    copy(buffer) {
      ownership.check(buffer);
      const copy = ownership.own(buffer.bytes);
      const { address, bytes } = buffer;
      memory.words().copyWithin(copy.address / 4, address / 4, (address + bytes) / 4);
      return copy;
    },
    free: ownership.free,
    memory: (): MemoryUse => ({
      bytes: memory.heap.bytes(),
      buffers: ownership.count(),
      peakBytes: memory.heap.peakBytes(),
    }),
    close: team.close,
  };
}

function describe(relaxedSimd: boolean, threads: number): string {
  const count = threads === 1 ? "1 thread" : `${threads} threads`;
  return `WebAssembly, ${relaxedSimd ? "relaxed SIMD (fused multiply-add)" : "SIMD"}, ${count}`;
}

/** Scratch memory that all programs use in turn; as large as the largest needs. */
function createArena(heap: Heap): (bytes: number) => number {
  let address = heap.allocate(0);
  let size = 0;
  return (bytes) => {
    if (bytes > size) {
      heap.free(address);
      size = 0;
      address = heap.allocate(bytes);
      size = bytes;
    }
    return address;
  };
}
