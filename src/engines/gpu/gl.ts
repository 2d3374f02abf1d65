import { castSource } from "../../../kernels/gpu/casts/glsl.ts";
import type { NativeFunction, TextureSize } from "../../../kernels/gpu/glsl.ts";
import { elementsOf, type Kernel } from "../../../kernels/gpu/kernel.ts";
import { type KernelSource, textureSource } from "../../../kernels/gpu/source.ts";
import { at } from "../../tensor/shapes.ts";
import type { MemoryUse } from "../device.ts";
import { turns } from "../within.ts";
import { codeTextures } from "./codeTextures.ts";
import { type Driver, float32, type Launch, noMemoryLeft, WORK } from "./driver.ts";
import {
  checkMode,
  type GpuJs,
  type GpuJsKernel,
  type GpuJsLauncher,
  type GpuMode,
  type GpuTexture,
  kernelSettings,
  startGpuJs,
} from "./gpujs/gpujs.ts";
import { isSoftware, rendererOf } from "./probe.ts";
import { type Recycler, recycler } from "./recycler.ts";
import {
  aim,
  createTexture,
  drawTexel,
  finished,
  type Gl,
  readTexels,
  textureSize,
  writeTexels,
} from "./textures.ts";

type GlMode = Extract<GpuMode, "webgl2" | "webgl" | "headlessgl">;

/**
 * GPU.js on WebGL. Every tensor is an RGBA float texture of four numbers a texel, in row-major
 * order.
 */
export async function createGlDriver(mode: GlMode): Promise<Driver<GpuTexture>> {
  const gpu = await startGpuJs(mode);
  const seed = seedKernel(gpu, mode);
  const gl = seed.context as Gl;
  const renderer = rendererOf(gl);
  const limit = gl.getParameter(gl.MAX_TEXTURE_SIZE) as number;
  const reads = gl.getParameter(gl.MAX_TEXTURE_IMAGE_UNITS) as number;
  const targets = mode === "webgl2" ? 4 : 1;
  const textures = recycler<GpuTexture, TextureSize>({
    create(size) {
      grown = true;
      return createTexture(gl, seed, size);
    },
    destroy: ({ texture }) => gl.deleteTexture(texture),
    bytes: ([width, height]) => width * height * 16,
    key: ([width, height]) => width * 65536 + height,
  });
  const sizes = new WeakMap<GpuTexture, TextureSize>();
  const launches = new Map<string, Promise<Launch<GpuTexture>>>();
  const built: GpuJsLauncher[] = [];
  const queued = oneByOne();
  const framebuffer = gl.createFramebuffer();
  /** Whether textures were made since memory was last found to be enough. */
  let grown = false;

  /** Says in errors which back end they are of. */
  function named<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      checkLost();
      if (error instanceof RangeError) throw new RangeError(`${mode}: ${error.message}`);
      throw new Error(`${mode}: ${(error as Error).message}`, { cause: error });
    }
  }

  function checkLost(): void {
    if (gl.isContextLost())
      throw new Error(
        `${mode}: the GPU's context was lost and its tensors with it; create a new engine`,
      );
  }

  const sizeOf = (elements: number): TextureSize => named(() => textureSize(elements, limit));

  function take(size: TextureSize): GpuTexture {
    const texture = textures.take(size);
    sizes.set(texture, size);
    return texture;
  }

  function launcherOf({ code, natives, parts }: KernelSource, size: TextureSize): GpuJsLauncher {
    const settings = {
      ...kernelSettings,
      pipeline: true,
      output: [...size],
      nativeFunctions: mode === "webgl2" ? natives : natives.map(inGlsl1),
    };
    return parts.length === 0
      ? gpu.createKernel(code, settings)
      : gpu.createKernelMap(parts, code, settings);
  }

  function compile(kernel: Kernel, reads: readonly TextureSize[]): Promise<Launch<GpuTexture>> {
    const size = sizeOf(elementsOf(kernel));
    const source = named(() => textureSource(kernel, size, reads));
    const key = [...size, ...reads, source.code].join(" ");
    const known = launches.get(key);
    if (known) return known;
    const results = Array<TextureSize>(kernel.rows ?? 1).fill(size);
    const launch = queued(() => launchOf(source, results, reads));
    launches.set(key, launch);
    return launch;
  }

  /** Compiles a kernel and draws one texel with it, as some drivers compile when they first draw. */
  function launchOf(
    source: KernelSource,
    results: readonly TextureSize[],
    reads: readonly TextureSize[],
    makes: Pick<Recycler<GpuTexture, TextureSize>, "take" | "give"> = { take, give: textures.give },
  ): Launch<GpuTexture> {
    const launcher = launcherOf(source, at(results, 0));
    const [targets, operands] = [results.map(makes.take), reads.map(take)];
    try {
      aim(gl, launcher.kernel, targets);
      named(() => launcher.kernel.build(...operands));
      checkMode(launcher, mode);
      drawTexel(gl, launcher.kernel, operands[0]);
    } finally {
      for (const target of targets) makes.give(target);
      for (const operand of operands) textures.give(operand);
    }
    built.push(launcher);
    const run = (operands: readonly GpuTexture[]): readonly GpuTexture[] => {
      const targets = results.map(makes.take);
      try {
        aim(gl, launcher.kernel, targets);
        named(() => launcher(...operands));
        checkMode(launcher, mode);
      } catch (error) {
        for (const target of targets) makes.give(target);
        throw error;
      }
      return targets;
    };
    return { source: source.code, compiled: launcher.kernel.compiledFragmentShader ?? "", run };
  }

  const copiers = new Map<string, Launch<GpuTexture>>();
  function copierOf(size: TextureSize): Launch<GpuTexture> {
    const known = copiers.get(String(size));
    const source = textureSource(copyKernel(size), size, [size]);
    const copier = known ?? launchOf(source, [size], [size]);
    copiers.set(String(size), copier);
    return copier;
  }

  async function check(): Promise<void> {
    checkLost();
    // Asking waits for the driver, so a step that makes no texture does not ask.
    if (grown && gl.getError() === gl.OUT_OF_MEMORY)
      throw new Error(`${mode}: ${noMemoryLeft(use())}`);
    grown = false;
  }

  const codes = codeTextures({
    ...{ gl, framebuffer, sizeOf, checkLost },
    create(size) {
      grown = true;
      return createTexture(gl, seed, size, "bytes");
    },
    launch: (cast, from, to, makes) =>
      queued(() => launchOf({ ...castSource(cast, from, to), parts: [] }, [to], [from], makes)),
  });
  const use = (): MemoryUse => {
    const [a, b] = [textures.use(), codes.use()];
    return {
      bytes: a.bytes + b.bytes,
      buffers: a.buffers + b.buffers,
      peakBytes: a.peakBytes + b.peakBytes,
    };
  };

  return {
    description: `${mode} on ${renderer}`,
    // A fence of WebGL 2 is asked after; without one a read blocks.
    readsWait: mode === "webgl2",
    most: Infinity,
    traits: {
      ...{ wide: true, reads, targets, operands: reads + targets, scatters: false },
      ...{ features: [], halves: false },
      ...WORK[isSoftware(renderer) ? "software" : "fragments"],
    },
    compile: (kernel, elements) => compile(kernel, elements.map(sizeOf)),
    allocate(elements) {
      checkLost();
      return take(sizeOf(elements));
    },
    write(texture, from, data) {
      checkLost();
      const [width] = sizes.get(texture) as TextureSize;
      writeTexels(gl, texture, width, from, float32(data));
    },
    async written() {
      await finished(gl);
      await check();
    },
    async read(texture, span) {
      checkLost();
      await finished(gl);
      const [width] = sizes.get(texture) as TextureSize;
      const numbers = readTexels(gl, framebuffer, texture, width, span, Float32Array);
      checkLost();
      return numbers;
    },
    codes,
    copy(texture) {
      if (codes.holds(texture)) return codes.copy(texture);
      const size = sizes.get(texture) as TextureSize;
      return copierOf(size).run([texture])[0] as GpuTexture;
    },
    free: (texture) => (codes.holds(texture) ? codes : textures).give(texture),
    check,
    memory: use,
    async close() {
      // GPU.js would delete the textures it wrote last, which are the recycler's.
      for (const { kernel } of built) {
        kernel.texture = null;
        kernel.mappedTextures = null;
        kernel.destroy();
      }
      built.length = 0;
      launches.clear();
      copiers.clear();
      textures.clear();
      codes.clear();
      gl.deleteFramebuffer(framebuffer);
      await gpu.destroy();
    },
  };
}

/** Does one thing after the other, and lets the event loop run where that takes long. */
function oneByOne(): <T>(work: () => T) => Promise<T> {
  const turn = turns(LONG);
  let tail: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = tail.then(turn).then(work);
    tail = result.catch(() => {});
    return result;
  };
}

/** A frame, in milliseconds. */
const LONG = 16;

const copyKernel = ([width, height]: TextureSize): Kernel => ({
  reads: [0],
  extent: [width * height],
  lanes: 4,
  body: (cell) => cell.load(0, cell.index, 4),
});

/** WebGL 1 has another name for fetching. */
const inGlsl1 = (native: NativeFunction): NativeFunction => ({
  ...native,
  source: native.older ?? native.source.replace("texture(", "texture2D("),
});

/** A kernel that makes GPU.js open its context and tells how it wraps textures. */
function seedKernel(gpu: GpuJs, mode: GlMode): GpuJsKernel {
  const settings = { ...kernelSettings, pipeline: true, output: [2, 2] };
  const launcher = gpu.createKernel("function() { return [0, 0, 0, 0]; }", settings);
  launcher();
  checkMode(launcher, mode);
  return launcher.kernel;
}
