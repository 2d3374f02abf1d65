import {
  type DeviceTraits,
  elementsOf,
  type Kernel,
  type LoweredName,
  type Lowering,
  resultsOf,
} from "../../../kernels/gpu/kernel.ts";
import { bufferSource, storageSource, textureSource } from "../../../kernels/gpu/source.ts";
import { lowerings } from "../../../kernels/gpu/table.ts";
import { WORK } from "../../../src/engines/gpu/driver.ts";
import { textureSize } from "../../../src/engines/gpu/textures.ts";
import { sizeOf } from "../../../src/tensor/shapes.ts";
import type { PrimitiveName, Tensor } from "../../../src/tensor/tensor.ts";
import { isPrimitive } from "../../../src/tensor/traits.ts";

/** How a back end holds tensors, and what its kernels must know. */
export type Backend = "host" | "webgl2" | "webgpu";

const most = { reads: 16, targets: 4, operands: 20, features: [], halves: false };
export const traits: { readonly [B in Backend]: DeviceTraits } = {
  host: { ...most, wide: false, scatters: false, ...WORK.software },
  webgl2: { ...most, wide: true, scatters: false, ...WORK.fragments },
  webgpu: { ...most, wide: true, scatters: true, ...WORK.compute },
};

/**
 * What the kernels of an operation are for one back end, in order: the JavaScript that GPU.js gets to
 * translate, then the GLSL functions that it calls, or the WGSL around its translation. No GPU is asked.
 */
export function emitted(backend: Backend, node: Tensor): string {
  if (!isPrimitive(node)) throw new TypeError(`emitted: expected an operation, got ${node.op}`);
  const { op, shape, attrs, inputs } = node;
  const lowering = lowerings[op as LoweredName] as Lowering<PrimitiveName>;
  const shapes = inputs.map((x) => x.shape);
  const kernels = lowering({
    shapes,
    dtypes: inputs.map(({ dtype }) => dtype),
    shape,
    attrs,
    ...traits[backend],
  });
  const results = kernels.flatMap((kernel) =>
    Array<number>(resultsOf(kernel)).fill(elementsOf(kernel)),
  );
  const elements = (read: number): number =>
    read >= 0 ? sizeOf(shapes[read] ?? []) : (results[-1 - read] ?? 0);
  return kernels.map((kernel) => textOf(backend, kernel, kernel.reads.map(elements))).join("\n\n");
}

function textOf(backend: Backend, kernel: Kernel, sizes: readonly number[]): string {
  if (backend === "host") return bufferSource(kernel);
  if (backend === "webgpu") {
    if (kernel.shader) return kernel.shader.code;
    const { code, module } = storageSource(kernel, sizes, false);
    return `${code}\n${module("// translated")}`;
  }
  const texture = (n: number) => textureSize(n, 4096);
  const { code, natives, parts } = textureSource(
    kernel,
    texture(elementsOf(kernel)),
    sizes.map(texture),
  );
  return [...natives.map(({ source }) => source), ...parts, code].join("\n");
}
