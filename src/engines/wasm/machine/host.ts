// What differs between Node and browsers.

import { builtin } from "../../builtin.ts";

type WorkerThreads = typeof import("node:worker_threads");

/** Node's worker threads, or undefined elsewhere. */
export const workerThreads = (): WorkerThreads | undefined => builtin("node:worker_threads");

/** Lets Node 20 compile relaxed SIMD, which it has behind a flag. */
export function allowRelaxedSimd(): void {
  const v8 = builtin<typeof import("node:v8")>("node:v8");
  try {
    v8?.setFlagsFromString("--experimental-wasm-relaxed-simd");
  } catch {
    // Other runtimes imitate node:v8 without its flags; they have relaxed SIMD or do not.
  }
}

/** Cores of this machine. */
export function coreCount(): number {
  const os = builtin<typeof import("node:os")>("node:os");
  return os?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}

/** Whether a WebAssembly memory can be shared at all. */
export function hasSharedMemory(): boolean {
  try {
    return new WebAssembly.Memory({ initial: 0, maximum: 1, shared: true }).buffer.byteLength === 0;
  } catch {
    return false;
  }
}

/** Whether memory can be shared with workers: a page must be cross-origin isolated for it. */
export function canShareMemory(): boolean {
  if (workerThreads()) return true;
  const page = globalThis as { crossOriginIsolated?: boolean; Worker?: unknown };
  return page.crossOriginIsolated === true && page.Worker !== undefined;
}

/** Whether this thread may sleep; a page's main thread may not. */
export function maySleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
