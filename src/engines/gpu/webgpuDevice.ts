import { provideWebGpu } from "./gpujs/dawn.ts";
import type { WebGpuDevice } from "./webgpuTypes.ts";

/** Storage buffers that a kernel may touch, as far as the adapter goes: more than that saves no launch. */
const MOST_BUFFERS = 16;

/** A device with what the engine asks of it. */
export interface OpenDevice {
  readonly device: WebGpuDevice;
  /** For people: what the adapter calls itself. */
  readonly name: string;
  isLost(): boolean;
  close(): void;
}

/** What is asked of an adapter here. */
interface Adapter {
  readonly info?: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<keyof WebGpuDevice["limits"], number>>;
  requestDevice(descriptor: {
    readonly requiredLimits: Readonly<Record<string, number>>;
  }): Promise<WebGpuDevice>;
}

/**
 * Opens the GPU with buffers and bindings as large as it gives: what is not asked for stays at 256 and
 * 128 MiB, whatever the GPU has. @throws Error without WebGPU, or an adapter
 */
export async function openWebGpu(): Promise<OpenDevice> {
  await provideWebGpu();
  const { gpu } = (globalThis.navigator ?? {}) as {
    readonly gpu?: { requestAdapter(): Promise<Adapter | null> };
  };
  const adapter = await gpu?.requestAdapter();
  if (!adapter)
    throw new Error(
      `createEngine: webgpu cannot start here: ${
        gpu
          ? "there is navigator.gpu but no adapter: the browser finds no GPU that it would use"
          : "there is no navigator.gpu; use a browser with WebGPU"
      }`,
    );
  const { maxStorageBufferBindingSize, maxBufferSize, maxStorageBuffersPerShaderStage } =
    adapter.limits;
  const device = await adapter.requestDevice({
    requiredLimits: {
      ...{ maxStorageBufferBindingSize, maxBufferSize },
      maxStorageBuffersPerShaderStage: Math.min(MOST_BUFFERS, maxStorageBuffersPerShaderStage),
    },
  });
  let lost = false;
  void device.lost.then(() => {
    lost = true;
  });
  const { vendor, architecture, description } = adapter.info ?? {};
  return {
    device,
    name: [vendor, architecture, description].filter(Boolean).join(" ") || "an unnamed adapter",
    isLost: () => lost,
    close: () => device.destroy(),
  };
}
