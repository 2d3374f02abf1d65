import { GPU as untyped } from "gpu.js";
import type { GpuJsModule } from "./gpujs.ts";

/**
 * GPU.js, which looks for GPUs while it loads: import this when one is wanted. The package holds it
 * within this file (packaging/bundle.mjs), for GPU.js installs a WebGPU and a WebGL of its own, 114 MB that
 * nothing here uses.
 */
export const GPU: GpuJsModule["GPU"] = untyped as unknown as GpuJsModule["GPU"];
