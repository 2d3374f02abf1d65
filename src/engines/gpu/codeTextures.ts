import type { Cast } from "../../../kernels/gpu/casts/cast.ts";
import type { TextureSize } from "../../../kernels/gpu/glsl.ts";
import { got } from "../../tensor/shapes.ts";
import { bytesOf } from "../../tensor/storage/types.ts";
import type { Driver, Launch } from "./driver.ts";
import type { GpuTexture } from "./gpujs/gpujs.ts";
import { type Recycler, recycler } from "./recycler.ts";
import { attach, bindTexture, finished, type Gl, readTexels, writeTexels } from "./textures.ts";

type Textures = Recycler<GpuTexture, TextureSize>;

interface Options {
  readonly gl: Gl;
  readonly framebuffer: WebGLFramebuffer | null;
  /** A texture of bytes. */
  create(size: TextureSize): GpuTexture;
  /** @throws RangeError for too many numbers */
  sizeOf(numbers: number): TextureSize;
  checkLost(): void;
  /** Makes a cast ready. @param makes where its result comes from, unless that is floats */
  launch(
    cast: Cast,
    from: TextureSize,
    to: TextureSize,
    makes?: Pick<Textures, "take" | "give">,
  ): Promise<Launch<GpuTexture>>;
}

interface CodeTextures
  extends Pick<Textures, "give" | "use" | "clear">,
    Readonly<Driver<GpuTexture>["codes"]> {
  holds(texture: GpuTexture): boolean;
  copy(texture: GpuTexture): GpuTexture;
}

/** Codes of storage types in textures of bytes, four to a texel. */
export function codeTextures({
  gl,
  framebuffer,
  create,
  sizeOf,
  checkLost,
  launch,
}: Options): CodeTextures {
  const textures: Textures = recycler<GpuTexture, TextureSize>({
    create,
    destroy: ({ texture }) => gl.deleteTexture(texture),
    bytes: ([width, height]) => width * height * 4,
    key: ([width, height]) => width * 65536 + height,
  });
  const sizes = new Map<GpuTexture, TextureSize>();
  const launches = new Map<string, Promise<Launch<GpuTexture>>>();

  function take(size: TextureSize): GpuTexture {
    const texture = textures.take(size);
    sizes.set(texture, size);
    return texture;
  }

  function give(texture: GpuTexture): void {
    sizes.delete(texture);
    textures.give(texture);
  }

  const sizeIn = (texture: GpuTexture): TextureSize => got(sizes, texture);
  const widthOf = (texture: GpuTexture): number => sizeIn(texture)[0];

  return {
    holds: (texture) => sizes.has(texture),
    give,
    use: textures.use,
    clear() {
      launches.clear();
      textures.clear();
    },
    allocate(bytes) {
      checkLost();
      return take(sizeOf(bytes));
    },
    write(texture, from, bytes) {
      checkLost();
      writeTexels(gl, texture, widthOf(texture), from, bytes);
    },
    async read(texture, span) {
      checkLost();
      await finished(gl);
      const bytes = readTexels(gl, framebuffer, texture, widthOf(texture), span, Uint8Array);
      checkLost();
      return bytes;
    },
    copy(texture) {
      const size = sizeIn(texture);
      const copy = take(size);
      bindTexture(gl, copy.texture);
      gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
      attach(gl, gl.COLOR_ATTACHMENT0, texture.texture);
      gl.copyTexSubImage2D(gl.TEXTURE_2D, 0, 0, 0, 0, 0, ...size);
      attach(gl, gl.COLOR_ATTACHMENT0, null);
      return copy;
    },
    cast(cast) {
      const codes = sizeOf(bytesOf(cast.storage, cast.elements));
      const floats = sizeOf(cast.elements);
      const { storage, widens } = cast;
      const key = [storage, widens, ...codes, ...floats].join(" ");
      const known = launches.get(key);
      const made =
        known ??
        (widens ? launch(cast, codes, floats) : launch(cast, floats, codes, { take, give }));
      launches.set(key, made);
      return made;
    },
  };
}
