import { cellsOf, type Kernel } from "../../../kernels/gpu/kernel.ts";
import type { StorageSource } from "../../../kernels/gpu/source.ts";
import { kernelSettings, startGpuJs } from "./gpujs/gpujs.ts";

/** Makes WGSL of kernels. */
export interface Translator {
  /** The shader of a kernel. */
  translate(kernel: Kernel, source: StorageSource): string;
  close(): Promise<void>;
}

/** What GPU.js is told that a kernel is called with; it looks at no more than the kind. */
const TENSOR = [0];

/**
 * GPU.js as a translator to WGSL, of what is not translated yet. It opens no GPU: it would ask for no
 * more than two of the limits.
 */
export async function createTranslator(): Promise<Translator> {
  const gpu = await startGpuJs("webgpu");
  const known = new Map<string, string>();

  function bodyOf(kernel: Kernel, { code, constants, functions }: StorageSource): string {
    const { kernel: translated } = gpu.createKernel(code, {
      ...kernelSettings,
      pipeline: true,
      output: [Math.max(1, cellsOf(kernel))],
      functions: functions.map(({ name, parameters, returnType }) => ({
        source: `function ${name}(${parameters}) { return ${returnType === "Number" ? "0" : "[0, 0, 0, 0]"}; }`,
        settings: {
          returnType,
          argumentTypes: Object.fromEntries(parameters.map((parameter) => [parameter, "Number"])),
        },
      })),
    });
    // It translates, and then would open a device for a pipeline of its own.
    translated._buildAsync = async () => {};
    translated.build(...kernel.reads.map(() => TENSOR));
    const body = translated.translatedBody;
    translated.destroy();
    if (typeof body !== "string") throw new Error("webgpu: expected GPU.js 2.24.1 to translate");
    // GPU.js makes variables of constants, which compilers take long to see through.
    return body.replace(/var user_(v\d+) :/g, (text, name) =>
      constants.has(name) ? `let user_${name} :` : text,
    );
  }

  return {
    translate(kernel, source) {
      const body = source.body ?? known.get(source.code) ?? bodyOf(kernel, source);
      if (source.body === undefined) known.set(source.code, body);
      return source.module(body);
    },
    close: () => gpu.destroy(),
  };
}
