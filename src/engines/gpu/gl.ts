import type { Kernel } from "../../../kernels/gpu/kernel.ts";
import { nativeFunctions, sourceOf } from "../../../kernels/gpu/source.ts";
import { type Driver, elementsOf, type Launch } from "./driver.ts";
import {
  checkMode,
  type GpuJs,
  type GpuJsKernel,
  type GpuJsLauncher,
  type GpuMode,
  type GpuTexture,
  kernelSettings,
  startGpuJs,
} from "./gpujs.ts";
import { rendererOf } from "./probe.ts";
import { recycler } from "./recycler.ts";

type GlMode = Extract<GpuMode, "webgl2" | "webgl" | "headlessgl">;
type Gl = WebGLRenderingContext | WebGL2RenderingContext;

/** A texture's width and height in texels. */
type Size = readonly [width: number, height: number];

/**
 * GPU.js on WebGL. Every tensor is an RGBA float texture of four numbers a texel, in row-major
 * order, whose size depends on its number of texels alone, so that reshapes are free.
 */
export async function createGlDriver(mode: GlMode): Promise<Driver<GpuTexture>> {
  const gpu = await startGpuJs(mode);
  for (const { name, source, settings } of nativeFunctions)
    gpu.addNativeFunction(name, source, settings);
  const seed = seedKernel(gpu, mode);
  const gl = seed.context as Gl;
  const limit = gl.getParameter(gl.MAX_TEXTURE_SIZE) as number;
  const textures = recycler<GpuTexture, Size>({
    create: (size) => createTexture(gl, seed, size, mode),
    destroy: ({ texture }) => gl.deleteTexture(texture),
    bytes: ([width, height]) => width * height * 16,
    key: ([width, height]) => width * 65536 + height,
  });
  const launchers = new Map<string, GpuJsLauncher>();
  const framebuffer = gl.createFramebuffer();
  const sizes = new WeakMap<GpuTexture, Size>();

  function checkLost(): void {
    if (gl.isContextLost())
      throw new Error(
        `${mode}: the GPU's context was lost and its tensors with it; create a new engine`,
      );
  }

  const take = (elements: number): GpuTexture => {
    const size = sizeOf(elements, limit, mode);
    const texture = textures.take(size);
    sizes.set(texture, size);
    return texture;
  };

  function launcherOf(kernel: Kernel, [width, height]: Size, reads: readonly Size[]) {
    const source = sourceOf(kernel, { width });
    const key = [width, height, ...reads, source].join(" ");
    const known = launchers.get(key);
    if (known) return known;
    const output = [width, height];
    const launcher = gpu.createKernel(source, { ...kernelSettings, pipeline: true, output });
    launchers.set(key, launcher);
    return launcher;
  }

  const copyKernel = (elements: number): Kernel => ({
    reads: [0],
    extent: [Math.ceil(elements / 4)],
    lanes: 4,
    body: (cell) => cell.load(0, cell.index, 4),
  });

  function launchOf(kernel: Kernel, reads: readonly Size[]): Launch<GpuTexture> {
    const elements = elementsOf(kernel);
    const launcher = launcherOf(kernel, sizeOf(elements, limit, mode), reads);
    return (operands) => {
      const target = take(elements);
      launcher.kernel.texture = target;
      launcher.kernel._textureSwitched = true;
      try {
        launcher(...operands);
        checkMode(launcher, mode);
      } catch (error) {
        textures.give(target);
        checkLost();
        throw error;
      }
      return target;
    };
  }

  async function read(texture: GpuTexture, elements: number): Promise<Float32Array> {
    checkLost();
    await finished(gl);
    const [width] = sizes.get(texture) as Size;
    const rows = Math.ceil(Math.ceil(elements / 4) / width);
    const numbers = new Float32Array(width * rows * 4);
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    const target = gl.COLOR_ATTACHMENT0;
    gl.framebufferTexture2D(gl.FRAMEBUFFER, target, gl.TEXTURE_2D, texture.texture, 0);
    gl.readPixels(0, 0, width, rows, gl.RGBA, gl.FLOAT, numbers);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, target, gl.TEXTURE_2D, null, 0);
    checkLost();
    return numbers.subarray(0, elements);
  }

  return {
    description: `${mode} on ${rendererOf(gl)}`,
    packed: true,
    compile: async (kernel, elements) =>
      launchOf(
        kernel,
        elements.map((n) => sizeOf(n, limit, mode)),
      ),
    upload(data) {
      checkLost();
      const texture = take(data.length);
      const [width, height] = sizes.get(texture) as Size;
      const padded = new Float32Array(width * height * 4);
      padded.set(data);
      bind(gl, texture.texture);
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, height, gl.RGBA, gl.FLOAT, padded);
      return texture;
    },
    read,
    copy(texture) {
      const size = sizes.get(texture) as Size;
      return launchOf(copyKernel(size[0] * size[1] * 4), [size])([texture]);
    },
    free: (texture) => textures.give(texture),
    check: async () => checkLost(),
    kernels: () => launchers.size,
    memory: () => textures.use(),
    async close() {
      for (const { kernel } of [...launchers.values()]) {
        // GPU.js would delete the texture it wrote last, which is the recycler's.
        kernel.texture = null;
        kernel.destroy();
      }
      launchers.clear();
      textures.clear();
      gl.deleteFramebuffer(framebuffer);
      await gpu.destroy();
    },
  };
}

/** The texture size of a tensor: a power of two wide, about square. @throws RangeError */
function sizeOf(elements: number, limit: number, mode: GlMode): Size {
  const texels = Math.max(1, Math.ceil(elements / 4));
  const width = 2 ** Math.ceil(Math.log2(Math.sqrt(texels)));
  // GPU.js takes a height of 1 for a one-dimensional result, which it lays out otherwise.
  const height = Math.max(2, Math.ceil(texels / width));
  if (Math.max(width, height) > limit)
    throw new RangeError(
      `${mode}: expected a tensor of at most ${4 * limit ** 2} elements ` +
        `(textures of ${limit} × ${limit}), got ${elements}`,
    );
  return [width, height];
}

/** A kernel that makes GPU.js open its context and tells how it wraps textures. */
function seedKernel(gpu: GpuJs, mode: GlMode): GpuJsKernel {
  const settings = { ...kernelSettings, pipeline: true, output: [2, 2] };
  const launcher = gpu.createKernel("function() { return [0, 0, 0, 0]; }", settings);
  launcher();
  checkMode(launcher, mode);
  return launcher.kernel;
}

function createTexture(gl: Gl, kernel: GpuJsKernel, size: Size, mode: GlMode): GpuTexture {
  const texture = gl.createTexture();
  bind(gl, texture);
  for (const [name, value] of [
    [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE],
    [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
    [gl.TEXTURE_MIN_FILTER, gl.NEAREST],
    [gl.TEXTURE_MAG_FILTER, gl.NEAREST],
  ] as const)
    gl.texParameteri(gl.TEXTURE_2D, name, value);
  const [internalFormat, textureFormat] = [kernel.getInternalFormat(), kernel.getTextureFormat()];
  const [width, height] = size;
  gl.texImage2D(gl.TEXTURE_2D, 0, internalFormat, width, height, 0, textureFormat, gl.FLOAT, null);
  if (gl.getError() === gl.OUT_OF_MEMORY)
    throw new Error(`${mode}: out of GPU memory for a texture of ${width} × ${height} texels`);
  const [dimensions, context] = [[width, height, 1], gl];
  const output = [width, height];
  return new kernel.TextureConstructor({
    ...{ texture, size, dimensions, output, context, internalFormat, textureFormat, kernel },
  });
}

function bind(gl: Gl, texture: WebGLTexture): void {
  gl.activeTexture(gl.TEXTURE0);
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
}

/** Waits for the GPU without blocking the page, where the context can tell. */
async function finished(gl: Gl): Promise<void> {
  if (!("fenceSync" in gl)) return;
  const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
  if (!fence) return;
  gl.flush();
  while (gl.clientWaitSync(fence, 0, 0) === gl.TIMEOUT_EXPIRED && !gl.isContextLost())
    await new Promise((resolve) => setTimeout(resolve, 1));
  gl.deleteSync(fence);
}
