import * as abi from "../../../../kernels/wasm/abi.ts";
import { maySleep, workerThreads } from "./host.ts";
import type { Memory } from "./memory.ts";
import type { Kernels } from "./module.ts";

/** The threads of an engine: this one, and workers that sleep until a program is there. */
export interface Threads {
  readonly count: number;
  /** Runs the program that the control words name, on this thread alone or on all. */
  start(alone: boolean): void;
  close(): Promise<void>;
}

/** What a worker runs: Node gives it `workerData`, a page sends a message. */
const WORKER = `
const begin = ({ module, memory, scratch }, ready) => {
  const words = new Int32Array(memory.buffer);
  const sleep = (address, value) => void Atomics.wait(words, address >> 2, value);
  const wake = (address) => void Atomics.notify(words, address >> 2);
  const { exports } = new WebAssembly.Instance(module, { env: { memory, sleep, wake } });
  exports.initialize(scratch);
  ready();
  try {
    exports.serve();
  } catch (error) {
    Atomics.store(words, ${abi.FAILED / 4}, 1);
    throw error;
  }
};
if (typeof require === "function") {
  const { parentPort, workerData } = require("node:worker_threads");
  begin(workerData, () => parentPort.postMessage("ready"));
} else onmessage = ({ data }) => begin(data, () => postMessage("ready"));
`;

/** Starts the workers, says when all are ready, and makes a note when one ends; they end with it. */
const WATCHER = `
const { parentPort, Worker, workerData } = require("node:worker_threads");
const { code, seeds } = workerData;
let waiting = seeds.length;
for (const seed of seeds) {
  const fail = () => Atomics.store(new Int32Array(seed.memory.buffer), ${abi.FAILED / 4}, 1);
  const worker = new Worker(code, { eval: true, workerData: seed });
  worker.once("message", () => --waiting > 0 || parentPort.postMessage("ready"));
  worker.once("exit", fail);
  worker.once("error", (error) => {
    fail();
    throw error;
  });
}
`;

/** How long this thread sleeps before it looks whether a worker has failed, ms. */
const PATIENCE = 1000;

/** What the kernels ask of this thread; one that may not sleep goes on looking. */
export function hostOf(memory: WebAssembly.Memory) {
  // Control words are where memory begins: this view serves even after it has grown.
  const words = new Int32Array(memory.buffer);
  const mayWait = maySleep();
  return {
    sleep(address: number, value: number): void {
      if (mayWait) Atomics.wait(words, address >> 2, value, PATIENCE);
      if (Atomics.load(words, abi.FAILED / 4) !== 0)
        throw new Error("wasm: a worker failed, and what it computed is lost; start a new engine");
    },
    wake: (address: number): void => void Atomics.notify(words, address >> 2),
  };
}

interface WorkerSeed {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly scratch: number;
}

/** Ends what was started. */
type End = () => unknown;

/** Starts the kernels on `count` threads; all are ready when the promise resolves. */
export async function startThreads(
  module: WebAssembly.Module,
  { memory, heap, words }: Memory,
  count: number,
): Promise<Threads> {
  const imports = { env: { memory, ...hostOf(memory) } };
  const kernels = new WebAssembly.Instance(module, imports).exports as unknown as Kernels;
  const bytes: number = kernels.SCRATCH_BYTES.value;
  const scratch = heap.allocate(count * bytes);
  kernels.initialize(scratch);
  const seeds = Array.from({ length: count - 1 }, (_, i) => ({
    ...{ module, memory, scratch: scratch + (i + 1) * bytes },
  }));
  const end = seeds.length > 0 ? await startWorkers(seeds) : () => undefined;
  return {
    count,
    start: kernels.start,
    async close() {
      // An empty program ends the workers' loops.
      if (seeds.length > 0) {
        Atomics.store(words(), abi.PROGRAM / 4, 0);
        Atomics.store(words(), abi.OPEN / 4, 1);
        Atomics.add(words(), abi.EPOCH / 4, 1);
        Atomics.notify(words(), abi.EPOCH / 4);
      }
      await end();
    },
  };
}

async function startWorkers(seeds: readonly WorkerSeed[]): Promise<End> {
  const node = workerThreads();
  if (node) return startWatched(node, WORKER, seeds);
  const ends = await Promise.all(seeds.map(startWebWorker));
  return () => ends.map((end) => end());
}

/**
 * Starts Node's workers, each with one of the seeds, by way of a thread that sees them end: a worker
 * that is ended by force, or for want of memory, says nothing itself, and events come to no thread
 * that is in a program.
 * @param code posts a message once it is ready
 */
export function startWatched(
  { Worker }: typeof import("node:worker_threads"),
  code: string,
  seeds: readonly Pick<WorkerSeed, "memory" | "scratch">[],
): Promise<End> {
  return new Promise((resolve, reject) => {
    const watcher = new Worker(WATCHER, { eval: true, workerData: { code, seeds } });
    watcher.once("error", reject);
    watcher.once("message", () => {
      watcher.unref(); // an idle engine does not keep the process alive
      resolve(() => watcher.terminate());
    });
  });
}

function startWebWorker(seed: WorkerSeed): Promise<End> {
  return new Promise((resolve, reject) => {
    const url = URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" }));
    const worker = new Worker(url);
    const fail = (why: string): void => {
      worker.terminate();
      reject(new Error(`wasm: a worker failed: ${why}`));
    };
    // What a policy forbids has an event without a message.
    worker.onerror = ({ message }) =>
      fail(
        message ||
          "the page's Content-Security-Policy must allow blob: in worker-src, or else threads be 1",
      );
    worker.onmessageerror = () => fail("it cannot read the module and the memory that it is sent");
    worker.onmessage = () => {
      URL.revokeObjectURL(url);
      resolve(() => worker.terminate());
    };
    worker.postMessage(seed);
  });
}
