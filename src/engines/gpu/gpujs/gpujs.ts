import { provideWebGpu } from "./dawn.ts";

/** GPU.js back ends that this engine runs on. */
export type GpuMode = "webgpu" | "webgl2" | "webgl" | "headlessgl" | "webasm" | "cpu";

/**
 * What the engine uses of GPU.js 2.24.1, its own typings being silent on most of it. `texture`
 * and `mappedTextures` are where a kernel keeps the memory it writes to: the engine puts its own
 * there, so that tensors outlive launches without a copy.
 */
export interface GpuJsKernel {
  readonly constructor: { readonly mode: string };
  readonly context: unknown;
  readonly TextureConstructor: new (settings: object) => GpuTexture;
  readonly getInternalFormat: () => number;
  readonly getTextureFormat: () => number;
  readonly fallbackReason: string | null;
  readonly framebuffer: WebGLFramebuffer | null;
  /** On WebGL, once built. */
  readonly program: WebGLProgram | null;
  readonly compiledFragmentShader: string | null;
  texture: GpuTexture | null;
  _textureSwitched: boolean;
  mappedTextures: readonly GpuTexture[] | null;
  drawBuffersMap: readonly number[] | null;
  /** On WebGPU: what the kernel's JavaScript became, and what would make a pipeline of it. */
  readonly translatedBody: string | null;
  _buildAsync(): Promise<void>;
  build(...args: unknown[]): unknown;
  destroy(): void;
}

/** A kernel as GPU.js gives it out: call it to run it. */
export interface GpuJsLauncher {
  (...args: readonly unknown[]): unknown;
  readonly kernel: GpuJsKernel;
}

/** A texture as kernels take it. */
export interface GpuTexture {
  readonly texture: WebGLTexture;
}

export interface GpuJs {
  readonly context: unknown;
  createKernel(source: string, settings: object): GpuJsLauncher;
  createKernelMap(parts: readonly string[], source: string, settings: object): GpuJsLauncher;
  destroy(): Promise<void>;
}

/** What the engine uses of the module. */
export interface GpuJsModule {
  readonly GPU: {
    new (settings: { mode: string }): GpuJs;
    readonly isHeadlessGLSupported: boolean;
    readonly isWebGLSupported: boolean;
    readonly isWebGL2Supported: boolean;
    readonly isWebGPUSupported: boolean;
  };
}

/** Settings of every kernel; loops end where their constant bounds say. */
export const kernelSettings: object = {
  precision: "single",
  tactic: "precision",
  immutable: false,
  loopMaxIterations: 2 ** 30,
  fixIntegerDivisionAccuracy: false,
};

/** Loads GPU.js, which looks for GPUs while it loads, and starts it in one mode. @throws Error */
export async function startGpuJs(mode: GpuMode): Promise<GpuJs> {
  if (mode === "webgpu") await provideWebGpu();
  const { GPU } = await import("./library.ts");
  const supported = {
    webgpu: GPU.isWebGPUSupported,
    webgl2: GPU.isWebGL2Supported,
    webgl: GPU.isWebGLSupported,
    headlessgl: GPU.isHeadlessGLSupported,
    webasm: true,
    cpu: true,
  };
  if (!supported[mode])
    throw new Error(`createEngine: ${mode} cannot start here: ${missing[mode]}`);
  return new GPU({ mode });
}

const missing: { readonly [K in GpuMode]?: string } = {
  webgpu: "there is no navigator.gpu; use a browser with WebGPU",
  webgl2: "there is no WebGL 2 context; use a browser with WebGL 2",
  webgl: "there is no WebGL context; use a browser with WebGL",
  headlessgl:
    "the package gl (headless-gl) is not installed or finds no display; run `npm i gl`, " +
    "and start Node under xvfb-run where there is no display",
};

/** @throws Error when GPU.js runs a kernel elsewhere than asked */
export function checkMode({ kernel }: GpuJsLauncher, mode: GpuMode): void {
  const expected = mode === "webgpu" || mode === "webasm" || mode === "cpu" ? mode : "gpu";
  if (kernel.constructor.mode === expected && !kernel.fallbackReason) return;
  const reason = kernel.fallbackReason ?? "for no reason given";
  throw new Error(`${mode}: GPU.js ran a kernel on ${kernel.constructor.mode}: ${reason}`);
}
