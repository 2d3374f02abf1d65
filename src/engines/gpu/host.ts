import type { Cast } from "../../../kernels/gpu/casts/cast.ts";
import { elementsOf, type Kernel } from "../../../kernels/gpu/kernel.ts";
import { bufferSource } from "../../../kernels/gpu/source.ts";
import { codesOf, round, widen } from "../../tensor/storage/types.ts";
import type { MemoryUse } from "../device.ts";
import { type Driver, type Launch, WORK } from "./driver.ts";
import { checkMode, kernelSettings, startGpuJs } from "./gpujs/gpujs.ts";

/** A tensor: floats, or bytes of codes. */
type Numbers = Float32Array | Uint8Array;

/** GPU.js in WebAssembly or plain JavaScript: tensors are arrays of the host. For tests. */
export async function createHostDriver(mode: "webasm" | "cpu"): Promise<Driver<Numbers>> {
  const gpu = await startGpuJs(mode);
  const launches = new Map<string, Promise<Launch<Numbers>>>();
  const live = new Set<Numbers>();
  let bytes = 0;
  let peakBytes = 0;

  const own = (data: Numbers): Numbers => {
    live.add(data);
    bytes += data.byteLength;
    peakBytes = Math.max(peakBytes, bytes);
    return data;
  };

  function launchOf(kernel: Kernel, sizes: readonly number[]): Promise<Launch<Numbers>> {
    const source = bufferSource(kernel);
    const elements = Math.max(1, elementsOf(kernel));
    const key = [elements, ...sizes, source].join(" ");
    const known = launches.get(key);
    if (known) return known;
    const launcher = gpu.createKernel(source, { ...kernelSettings, output: [elements] });
    const run: Launch<Numbers>["run"] = (reads) => {
      const result = launcher(...reads) as Float32Array;
      checkMode(launcher, mode);
      return [own(result)];
    };
    const launch = Promise.resolve({ source, run });
    launches.set(key, launch);
    return launch;
  }

  /** No kernel of GPU.js: there are no bits in its JavaScript. */
  async function cast({ storage, widens }: Cast): Promise<Launch<Numbers>> {
    const run: Launch<Numbers>["run"] = ([x]) => {
      if (widens) return [own(widen(storage, codesOf(storage, x as Uint8Array)))];
      const { buffer } = round(storage, x as Float32Array);
      return [own(new Uint8Array(buffer as ArrayBuffer))];
    };
    return { source: `function(codes) { /* ${storage} */ }`, run };
  }

  return {
    description: mode === "webasm" ? "GPU.js in WebAssembly" : "GPU.js in JavaScript",
    most: Infinity,
    readsWait: false,
    traits: {
      wide: false,
      reads: 16,
      targets: 1,
      operands: 17,
      scatters: false,
      ...{ features: [], halves: false },
      ...WORK.software,
    },
    compile: launchOf,
    // GPU.js takes no empty arrays.
    allocate: (elements) => own(new Float32Array(Math.max(1, elements))),
    write: (memory, from, data) => memory.set(data, from),
    written: async () => {},
    read: async (memory, span) => (memory as Float32Array).slice(...span),
    copy: (memory) => own(memory.slice()),
    codes: {
      allocate: (bytes) => own(new Uint8Array(bytes)),
      write: (memory, from, bytes) => memory.set(bytes, from),
      read: async (memory, span) => (memory as Uint8Array).slice(...span),
      cast,
    },
    free(memory) {
      if (live.delete(memory)) bytes -= memory.byteLength;
    },
    check: async () => {},
    memory: (): MemoryUse => ({ bytes, buffers: live.size, peakBytes }),
    async close() {
      live.clear();
      bytes = 0;
      launches.clear();
      await gpu.destroy();
    },
  };
}
