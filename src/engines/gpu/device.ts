import type { DeviceTraits } from "../../../kernels/gpu/kernel.ts";
import { optional } from "../../tensor/definitions.ts";
import { showShape } from "../../tensor/errors.ts";
import { lengthOf } from "../../tensor/storage/types.ts";
import type { Shape } from "../../tensor/tensor.ts";
import type { Device } from "../device.ts";
import { allocated, readBack, uploaded, writeTo } from "./contents.ts";
import type { Driver } from "./driver.ts";
import { type GpuBuffer, prepare } from "./executable.ts";
import type { GpuMode } from "./gpujs.ts";
import { ofTensor } from "./lower.ts";
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
  return deviceOf(mode, {
    ...driver,
    traits: { ...driver.traits, ...traits },
  }) as Device<GpuBuffer>;
}

async function driverOf(mode: GpuMode, webgpu: WebGpuOptions): Promise<Driver<unknown>> {
  if (mode === "webasm" || mode === "cpu")
    return (await (await import("./host.ts")).createHostDriver(mode)) as Driver<unknown>;
  if (mode === "webgpu")
    return (await (await import("./webgpu.ts")).createWebGpuDriver(webgpu)) as Driver<unknown>;
  return (await (await import("./gl.ts")).createGlDriver(mode)) as Driver<unknown>;
}

function deviceOf<Memory>(mode: GpuMode, driver: Driver<Memory>): Device<GpuBuffer<Memory>> {
  return {
    backend: mode,
    description: driver.description,
    lacking: optional,
    prepare: (plan, onProgress) => prepare(driver, plan, onProgress),
    upload: (data, shape, dtype) => ({
      memory: ofTensor(showShape(shape), () => uploaded(driver, data, dtype)),
      elements: data.length,
    }),
    allocate(shape, dtype) {
      const elements = lengthOf(dtype, shape);
      const memory = ofTensor(showShape(shape), () => allocated(driver, elements, dtype));
      return { memory, elements };
    },
    write: ({ memory }, from, data, dtype) => writeTo(driver, memory, from, data, dtype),
    written: () => driver.written(),
    read: ({ memory, elements }, _: Shape, dtype, span = [0, elements]) =>
      readBack(driver, memory, dtype, span),
    copy: ({ memory, elements }) => ({ memory: driver.copy(memory), elements }),
    free: ({ memory }) => driver.free(memory),
    memory: () => driver.memory(),
    close: () => driver.close(),
  };
}
