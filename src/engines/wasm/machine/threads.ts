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

/** How long this thread sleeps before it looks whether a worker has failed, ms. */
const PATIENCE = 1000;

/** What the kernels ask of this thread; one that may not sleep goes on looking. */
function hostOf(memory: WebAssembly.Memory) {
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

/** Ends a worker. */
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
  const ends = await Promise.all(
    Array.from({ length: count - 1 }, (_, i) =>
      startWorker({
        module,
        memory,
        scratch: scratch + (i + 1) * bytes,
      }),
    ),
  );
  return {
    count,
    start: kernels.start,
    async close() {
      // An empty program ends the workers' loops.
      if (ends.length > 0) {
        Atomics.store(words(), abi.PROGRAM / 4, 0);
        Atomics.store(words(), abi.OPEN / 4, 1);
        Atomics.add(words(), abi.EPOCH / 4, 1);
        Atomics.notify(words(), abi.EPOCH / 4);
      }
      await Promise.all(ends.map((end) => end()));
    },
  };
}

function startWorker(seed: WorkerSeed): Promise<End> {
  const node = workerThreads();
  return node ? startNodeWorker(node, seed) : startWebWorker(seed);
}

function startNodeWorker(
  { Worker }: typeof import("node:worker_threads"),
  seed: WorkerSeed,
): Promise<End> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(WORKER, { eval: true, workerData: seed });
    worker.once("error", reject);
    worker.once("message", () => {
      worker.unref(); // an idle engine does not keep the process alive
      resolve(() => worker.terminate());
    });
  });
}

function startWebWorker(seed: WorkerSeed): Promise<End> {
  return new Promise((resolve, reject) => {
    const url = URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" }));
    const worker = new Worker(url);
    worker.onerror = ({ message }) => reject(new Error(`wasm: a worker failed: ${message}`));
    worker.onmessage = () => {
      URL.revokeObjectURL(url);
      resolve(() => worker.terminate());
    };
    worker.postMessage(seed);
  });
}
