import * as abi from "../../../../kernels/wasm/abi.ts";
import { builtin } from "../../builtin.ts";
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
const begin = ({ module, memory, scratch }, ready, place) => {
  const words = new Int32Array(memory.buffer);
  const sleep = (address, value) => void Atomics.wait(words, address >> 2, value);
  const wake = (address) => void Atomics.notify(words, address >> 2);
  const { exports } = new WebAssembly.Instance(module, { env: { memory, sleep, wake } });
  exports.initialize(scratch);
  ready(place);
  try {
    exports.serve();
  } catch (error) {
    Atomics.store(words, ${abi.FAILED / 4}, 1);
    throw error;
  }
};
if (typeof require === "function") {
  const { parentPort, workerData } = require("node:worker_threads");
  let place = "";
  try {
    place = "/proc/" + require("node:fs").readlinkSync("/proc/thread-self");
  } catch {}
  begin(workerData, (at) => parentPort.postMessage(at), place);
} else onmessage = ({ data }) => begin(data, () => postMessage("ready"));
`;

/** How long this thread sleeps before it looks whether a worker has failed, ms. */
const PATIENCE = 1000;

const lost = (): never => {
  throw new Error("wasm: a worker failed, and what it computed is lost; start a new engine");
};

/**
 * What the kernels ask of this thread; one that may not sleep goes on looking.
 * @param places of the workers in /proc, where there is one: a thread that was ended by force, or for
 *   want of memory, says nothing, and events come to nobody who is in a program
 */
export function hostOf(memory: WebAssembly.Memory, places: readonly string[]) {
  const fs = builtin<typeof import("node:fs")>("node:fs");
  // Control words are where memory begins: this view serves even after it has grown.
  const words = new Int32Array(memory.buffer);
  const mayWait = maySleep();
  return {
    sleep(address: number, value: number): void {
      const late = mayWait && Atomics.wait(words, address >> 2, value, PATIENCE) === "timed-out";
      if (Atomics.load(words, abi.FAILED / 4) !== 0) lost();
      if (late && !places.every((place) => fs?.existsSync(place))) {
        Atomics.store(words, abi.FAILED / 4, 1);
        lost();
      }
    },
    wake: (address: number): void => void Atomics.notify(words, address >> 2),
  };
}

interface WorkerSeed {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly scratch: number;
}

interface Started {
  /** Where /proc shows its thread; empty where it cannot be seen. */
  readonly place: string;
  end(): unknown;
}

/** Starts the kernels on `count` threads; all are ready when the promise resolves. */
export async function startThreads(
  module: WebAssembly.Module,
  { memory, heap, words }: Memory,
  count: number,
): Promise<Threads> {
  const places: string[] = [];
  const imports = { env: { memory, ...hostOf(memory, places) } };
  const kernels = new WebAssembly.Instance(module, imports).exports as unknown as Kernels;
  const bytes: number = kernels.SCRATCH_BYTES.value;
  const scratch = heap.allocate(count * bytes);
  kernels.initialize(scratch);
  const workers = await Promise.all(
    Array.from({ length: count - 1 }, (_, i) =>
      startWorker({
        module,
        memory,
        scratch: scratch + (i + 1) * bytes,
      }),
    ),
  );
  places.push(...workers.flatMap(({ place }) => (place === "" ? [] : [place])));
  return {
    count,
    start: kernels.start,
    async close() {
      // An empty program ends the workers' loops.
      if (workers.length > 0) {
        Atomics.store(words(), abi.PROGRAM / 4, 0);
        Atomics.store(words(), abi.OPEN / 4, 1);
        Atomics.add(words(), abi.EPOCH / 4, 1);
        Atomics.notify(words(), abi.EPOCH / 4);
      }
      await Promise.all(workers.map(({ end }) => end()));
    },
  };
}

function startWorker(seed: WorkerSeed): Promise<Started> {
  const node = workerThreads();
  return node ? startNodeWorker(node, seed) : startWebWorker(seed);
}

function startNodeWorker(
  { Worker }: typeof import("node:worker_threads"),
  seed: WorkerSeed,
): Promise<Started> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(WORKER, { eval: true, workerData: seed });
    worker.once("error", reject);
    worker.once("message", (place: string) => {
      worker.unref(); // an idle engine does not keep the process alive
      resolve({ place, end: () => worker.terminate() });
    });
  });
}

function startWebWorker(seed: WorkerSeed): Promise<Started> {
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
      resolve({ place: "", end: () => worker.terminate() });
    };
    worker.postMessage(seed);
  });
}
