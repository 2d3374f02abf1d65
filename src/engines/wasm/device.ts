import type { Plan } from "../../compile/plan.ts";
import { sizeOf } from "../../tensor/shapes.ts";
import { bytesOf } from "../../tensor/storage/types.ts";
import type { Device, MemoryUse } from "../device.ts";
import { load, peakBytesOf, type WasmExecutable } from "./executable.ts";
import { programOf } from "./lowering/program.ts";
import { createArena } from "./machine/heap.ts";
import { canShareMemory, coreCount, hasSharedMemory } from "./machine/host.ts";
import { createMemory } from "./machine/memory.ts";
import { compileKernels, type KernelModule } from "./machine/module.ts";
import { createOwnership, type WasmBuffer } from "./machine/ownership.ts";
import { startThreads } from "./machine/threads.ts";
import { read, unitBytes, upload, write } from "./machine/transfer.ts";

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

  return {
    backend: "wasm",
    description: describe(kernels, count),
    numerics: kernels.fuses ? "wasm-fma" : "wasm-plain",
    lacking: [],
    widening: { gather: true, matmul: true, blocks: true },
    prepare: async (plan) => load(plan, machine),
    peakBytes: (plan) => peakBytesOf(programOf(plan, count)),
    upload: (data, _, dtype) => upload(memory, ownership, data, dtype),
    allocate: (shape, dtype) => ownership.own(bytesOf(dtype, sizeOf(shape))),
    write(buffer, from, data, dtype) {
      ownership.check(buffer);
      write(memory, buffer.address + from * unitBytes(dtype), data, dtype);
    },
    written: async () => {},
    async read(buffer, _, dtype, span) {
      ownership.check(buffer);
      return read(memory, buffer, dtype, span);
    },
    copy(buffer) {
      ownership.check(buffer);
      const copy = ownership.own(buffer.bytes);
      const { address, bytes } = buffer;
      memory.bytes().copyWithin(copy.address, address, address + bytes);
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

function describe({ relaxedSimd, fuses }: KernelModule, threads: number): string {
  const count = threads === 1 ? "1 thread" : `${threads} threads`;
  const relaxed = `relaxed SIMD (${fuses ? "" : "without "}fused multiply-add)`;
  return `WebAssembly, ${relaxedSimd ? relaxed : "SIMD"}, ${count}`;
}
