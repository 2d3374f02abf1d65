import { elementsOf, type Kernel } from "../../../kernels/gpu/kernel.ts";
import { bufferSource } from "../../../kernels/gpu/source.ts";
import type { MemoryUse } from "../device.ts";
import { type Driver, type Launch, WORK } from "./driver.ts";
import { checkMode, kernelSettings, startGpuJs } from "./gpujs.ts";

/** GPU.js in WebAssembly or plain JavaScript: tensors are arrays of the host. For tests. */
export async function createHostDriver(mode: "webasm" | "cpu"): Promise<Driver<Float32Array>> {
  const gpu = await startGpuJs(mode);
  const launches = new Map<string, Promise<Launch<Float32Array>>>();
  const live = new Set<Float32Array>();
  let bytes = 0;
  let peakBytes = 0;

  const own = (data: Float32Array): Float32Array => {
    live.add(data);
    bytes += data.byteLength;
    peakBytes = Math.max(peakBytes, bytes);
    return data;
  };

  function launchOf(kernel: Kernel, sizes: readonly number[]): Promise<Launch<Float32Array>> {
    const source = bufferSource(kernel);
    const elements = Math.max(1, elementsOf(kernel));
    const key = [elements, ...sizes, source].join(" ");
    const known = launches.get(key);
    if (known) return known;
    const launcher = gpu.createKernel(source, { ...kernelSettings, output: [elements] });
    const run: Launch<Float32Array>["run"] = (reads) => {
      const result = launcher(...reads) as Float32Array;
      checkMode(launcher, mode);
      return [own(result)];
    };
    const launch = Promise.resolve({ source, run });
    launches.set(key, launch);
    return launch;
  }

  return {
    description: mode === "webasm" ? "GPU.js in WebAssembly" : "GPU.js in JavaScript",
    traits: {
      wide: false,
      reads: 16,
      targets: 1,
      operands: 17,
      scatters: false,
      ...WORK.software,
    },
    compile: launchOf,
    // GPU.js takes no empty arrays.
    allocate: (elements) => own(new Float32Array(Math.max(1, elements))),
    write: (memory, from, data) => memory.set(data, from),
    written: async () => {},
    read: async (memory, span) => memory.slice(...span),
    copy: (memory) => own(memory.slice()),
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
