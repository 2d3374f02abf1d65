import type { TextureSize } from "../../../kernels/gpu/glsl.ts";
import { at } from "../../tensor/shapes.ts";
import type { Span } from "../device.ts";
import type { GpuJsKernel, GpuTexture } from "./gpujs/gpujs.ts";

export type Gl = WebGLRenderingContext | WebGL2RenderingContext;

/**
 * The texture of a tensor of so many elements: a power of two wide, about square. It depends on
 * nothing else, so that a reshape is free. @throws RangeError when it is larger than `limit`
 */
export function textureSize(elements: number, limit: number): TextureSize {
  const texels = Math.max(1, Math.ceil(elements / 4));
  const width = 2 ** Math.ceil(Math.log2(Math.sqrt(texels)));
  // GPU.js takes a height of 1 for a one-dimensional result, which it lays out otherwise.
  const height = Math.max(2, Math.ceil(texels / width));
  if (Math.max(width, height) > limit)
    throw new RangeError(
      `expected a tensor of at most ${4 * limit ** 2} elements ` +
        `(textures of ${limit} × ${limit}), got ${elements}`,
    );
  return [width, height];
}

/** A texture of floats, or of bytes, wrapped as `like` wraps its own. */
export function createTexture(
  gl: Gl,
  like: GpuJsKernel,
  size: TextureSize,
  kind: "floats" | "bytes" = "floats",
): GpuTexture {
  const texture = gl.createTexture();
  bindTexture(gl, texture);
  for (const [name, value] of [
    [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE],
    [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
    [gl.TEXTURE_MIN_FILTER, gl.NEAREST],
    [gl.TEXTURE_MAG_FILTER, gl.NEAREST],
  ] as const)
    gl.texParameteri(gl.TEXTURE_2D, name, value);
  const floats = kind === "floats";
  const internalFormat = floats ? like.getInternalFormat() : gl.RGBA;
  const textureFormat = floats ? like.getTextureFormat() : gl.RGBA;
  const type = floats ? gl.FLOAT : gl.UNSIGNED_BYTE;
  const [w, h] = size;
  gl.texImage2D(gl.TEXTURE_2D, 0, internalFormat, w, h, 0, textureFormat, type, null);
  return new like.TextureConstructor({
    ...{ texture, size, internalFormat, textureFormat },
    ...{ dimensions: [w, h, 1], output: [w, h], context: gl, kernel: like },
  });
}

/** What a texture holds. */
type Numbers = Float32Array | Uint8Array;

/** Whole texels: the last one filled up with zeros. */
function inTexels<N extends Numbers>(data: N): N {
  if (data.length % 4 === 0) return data;
  const Kind = data.constructor as new (length: number) => N;
  const padded = new Kind(4 * Math.ceil(data.length / 4));
  padded.set(data);
  return padded;
}

/** Writes numbers to a texture of them, from the place of the first, a multiple of four. */
export function writeTexels(
  gl: Gl,
  { texture }: GpuTexture,
  width: number,
  from: number,
  data: Numbers,
): void {
  const numbers = inTexels(data);
  const type = data instanceof Uint8Array ? gl.UNSIGNED_BYTE : gl.FLOAT;
  bindTexture(gl, texture);
  for (const { x, y, columns, rows, at } of rectangles(from / 4, numbers.length / 4, width)) {
    const texels = numbers.subarray(4 * at, 4 * (at + columns * rows));
    gl.texSubImage2D(gl.TEXTURE_2D, 0, x, y, columns, rows, gl.RGBA, type, texels);
  }
}

/** Reads numbers of a texture of them, from the first of a span to its second. */
export function readTexels<N extends Numbers>(
  gl: Gl,
  framebuffer: WebGLFramebuffer | null,
  { texture }: GpuTexture,
  width: number,
  [from, to]: Span,
  Kind: new (length: number) => N,
): N {
  const first = Math.floor(from / 4 / width);
  const rows = Math.ceil(to / 4 / width) - first;
  const numbers = new Kind(width * rows * 4);
  const type = numbers instanceof Uint8Array ? gl.UNSIGNED_BYTE : gl.FLOAT;
  gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
  attach(gl, gl.COLOR_ATTACHMENT0, texture);
  gl.readPixels(0, first, width, rows, gl.RGBA, type, numbers);
  attach(gl, gl.COLOR_ATTACHMENT0, null);
  const before = 4 * width * first;
  return numbers.slice(from - before, to - before) as N;
}

/** A rectangle of a texture, and which of some texels in a row comes first in it. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly columns: number;
  readonly rows: number;
  readonly at: number;
}

/** Texels from a place on, row by row: the rest of a row, whole rows, the beginning of a row. */
function rectangles(from: number, count: number, width: number): readonly Rectangle[] {
  const x = from % width;
  const y = Math.floor(from / width);
  const head = x === 0 ? 0 : Math.min(count, width - x);
  const rows = Math.floor((count - head) / width);
  const tail = count - head - rows * width;
  const below = head === 0 ? y : y + 1;
  return [
    { x, y, columns: head, rows: 1, at: 0 },
    { x: 0, y: below, columns: width, rows, at: head },
    { x: 0, y: below + rows, columns: tail, rows: 1, at: head + rows * width },
  ].filter(({ columns, rows: high }) => columns > 0 && high > 0);
}

export function bindTexture(gl: Gl, texture: WebGLTexture | null): void {
  gl.activeTexture(gl.TEXTURE0);
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
}

/** Makes a kernel write to these textures, one for each of its results. */
export function aim(gl: Gl, kernel: GpuJsKernel, targets: readonly GpuTexture[]): void {
  const [first = null, ...rest] = targets;
  kernel.texture = first;
  kernel._textureSwitched = true;
  if (rest.length === 0) return;
  const attachments = targets.map((_, i) => gl.COLOR_ATTACHMENT0 + i);
  kernel.mappedTextures = rest;
  kernel.drawBuffersMap = attachments;
  // Before its first run a kernel has no framebuffer; it then attaches the textures itself.
  if (!kernel.framebuffer) return;
  gl.bindFramebuffer(gl.FRAMEBUFFER, kernel.framebuffer);
  for (const [i, { texture }] of rest.entries()) attach(gl, at(attachments, i + 1), texture);
}

/** Draws one texel with a kernel that was just built, every tensor that it reads being `operand`. */
export function drawTexel(
  gl: Gl,
  { program, framebuffer, drawBuffersMap }: GpuJsKernel,
  operand: GpuTexture | undefined,
): void {
  bindTexture(gl, operand?.texture ?? null);
  gl.useProgram(program);
  gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
  if (drawBuffersMap && "drawBuffers" in gl) gl.drawBuffers([...drawBuffersMap]);
  gl.scissor(0, 0, 1, 1);
  gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
}

export function attach(gl: Gl, attachment: number, texture: WebGLTexture | null): void {
  gl.framebufferTexture2D(gl.FRAMEBUFFER, attachment, gl.TEXTURE_2D, texture, 0);
}

/** Waits for the GPU without blocking the page, where the context can tell. */
export async function finished(gl: Gl): Promise<void> {
  if (!("fenceSync" in gl)) return;
  const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
  if (!fence) return;
  gl.flush();
  while (gl.clientWaitSync(fence, 0, 0) === gl.TIMEOUT_EXPIRED && !gl.isContextLost())
    await new Promise((resolve) => setTimeout(resolve, 1));
  gl.deleteSync(fence);
}
