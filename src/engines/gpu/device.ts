import type { DeviceTraits } from "../../../kernels/gpu/kernel.ts";
import { partSizes } from "../../compile/slices/cuts.ts";
import { planStats } from "../../compile/statistics.ts";
import { optional } from "../../tensor/definitions.ts";
import { located, showShape } from "../../tensor/errors.ts";
import { joinedArrays } from "../../tensor/parts.ts";
import { isStorageType, lengthOf } from "../../tensor/storage/types.ts";
import type { DType, Shape } from "../../tensor/tensor.ts";
import type { Device, Span } from "../device.ts";
import { gpuClass } from "../numerics.ts";
import { allocated, readBack, writeTo } from "./contents.ts";
import type { Driver } from "./driver.ts";
import { type GpuBuffer, prepare } from "./executable.ts";
import type { GpuMode } from "./gpujs/gpujs.ts";
import { exactly } from "./integers.ts";
import type { WebGpuOptions } from "./webgpu.ts";

/**
 * Starts GPU.js on one of its back ends. Tensors stay on the device until they are read.
 * @param traits in place of what is assumed of the device
 * @param webgpu in place of what a WebGPU is found to do
 * @throws Error when the back end cannot start here; it is never replaced by another
 */
export async function createGpuDevice(
  mode: GpuMode,
  traits: Partial<DeviceTraits> = {},
  webgpu: WebGpuOptions = {},
): Promise<Device<GpuBuffer>> {
  const driver = await driverOf(mode, webgpu);
  const known = { ...driver.traits, ...traits };
  // Who asks for halves where shaders have none gets floats.
  const halves = known.halves && known.features.includes("shader-f16");
  return deviceOf(mode, { ...driver, traits: { ...known, halves } }) as Device<GpuBuffer>;
}

async function driverOf(mode: GpuMode, webgpu: WebGpuOptions): Promise<Driver<unknown>> {
  if (mode === "webasm" || mode === "cpu")
    return (await (await import("./host.ts")).createHostDriver(mode)) as Driver<unknown>;
  if (mode === "webgpu")
    return (await (await import("./webgpu.ts")).createWebGpuDriver(webgpu)) as Driver<unknown>;
  return (await (await import("./gl.ts")).createGlDriver(mode)) as Driver<unknown>;
}

function deviceOf<Memory>(mode: GpuMode, driver: Driver<Memory>): Device<GpuBuffer<Memory>> {
  const write: Device<GpuBuffer<Memory>>["write"] = (parts, from, data, dtype) => {
    for (const { memory, span, offset } of placed(parts, from, from + data.length)) {
      const numbers = data.subarray(offset, offset + span[1] - span[0]);
      writeTo(driver, memory, span[0], numbers, dtype);
    }
  };
  const { features, halves } = driver.traits;
  // What the bits of results depend on beside the GPU: sums by subgroups have another order.
  const marks = [...features, ...(halves ? ["float16 products"] : [])];
  return {
    backend: mode,
    description: [driver.description, ...marks].join(", "),
    numerics:
      mode === "cpu" || mode === "webasm"
        ? mode
        : gpuClass(mode, [...marks, driver.description].join(" ")),
    lacking: optional,
    readsWait: driver.readsWait,
    ...(driver.widening ? { widening: driver.widening } : {}),
    prepare: (plan, onProgress) => prepare(driver, plan, onProgress),
    peakBytes: (plan) => planStats(plan).peakBytes,
    upload(data, shape, dtype) {
      if (!isStorageType(dtype)) exactly(data);
      const parts = partsOf(driver, shape, dtype);
      write(parts, 0, data, dtype);
      return parts;
    },
    allocate: (shape, dtype) => partsOf(driver, shape, dtype),
    write,
    written: () => driver.written(),
    async read(parts, shape, dtype, [from, to] = [0, lengthOf(dtype, shape)]) {
      const own = placed(parts, from, to).map(({ memory, span }) =>
        readBack(driver, memory, dtype, span),
      );
      return joinedArrays(await Promise.all(own));
    },
    copy: (parts) =>
      parts.map(({ memory, elements }) => ({ memory: driver.copy(memory), elements })),
    free(parts) {
      for (const { memory } of parts) driver.free(memory);
    },
    memory: () => driver.memory(),
    close: () => driver.close(),
  };
}

/** Memory for a tensor. */
function partsOf<Memory>(driver: Driver<Memory>, shape: Shape, dtype: DType): GpuBuffer<Memory> {
  const part = (numbers: number) => {
    const elements = lengthOf(dtype, [numbers]);
    return { memory: allocated(driver, elements, dtype), elements };
  };
  return located(showShape(shape), () => partSizes(shape, driver.most).map(part), RangeError);
}

/** Some numbers of a tensor as they lie in its parts: which of each, after how many of the others. */
function placed<Memory>(
  parts: GpuBuffer<Memory>,
  from: number,
  to: number,
): { readonly memory: Memory; readonly span: Span; readonly offset: number }[] {
  let start = 0;
  return parts.flatMap(({ memory, elements }) => {
    const [first, last] = [Math.max(from - start, 0), Math.min(to - start, elements)];
    const offset = start + first - from;
    start += elements;
    // A tensor without numbers is one part.
    return first < last || parts.length === 1 ? [{ memory, span: [first, last], offset }] : [];
  });
}
