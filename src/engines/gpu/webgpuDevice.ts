import type { ShaderFeature } from "../../../kernels/gpu/kernel.ts";
import { provideWebGpu } from "./gpujs/dawn.ts";
import type { WebGpuDevice } from "./webgpuTypes.ts";

/** Storage buffers that a kernel may touch, as far as the adapter goes: more than that saves no launch. */
const MOST_BUFFERS = 16;

/** A device with what the engine asks of it. */
export interface OpenDevice {
  readonly device: WebGpuDevice;
  /** For people: what the adapter calls itself. */
  readonly name: string;
  /** What it was opened with. */
  readonly features: readonly ShaderFeature[];
  isLost(): boolean;
  close(): void;
}

/** What is asked of an adapter here. */
interface Adapter {
  readonly features: ReadonlySet<string>;
  readonly info?: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<keyof WebGpuDevice["limits"], number>>;
  requestDevice(descriptor: {
    readonly requiredFeatures: readonly string[];
    readonly requiredLimits: Readonly<Record<string, number>>;
  }): Promise<WebGpuDevice>;
}

/** What is asked of WebGPU here. */
interface Gpu {
  /** Absent in old browsers. */
  readonly wgslLanguageFeatures?: ReadonlySet<string>;
  requestAdapter(): Promise<Adapter | null>;
}

const FEATURES: readonly ShaderFeature[] = ["shader-f16", "subgroups"];

/**
 * Opens the GPU with buffers and bindings as large as it gives: what is not asked for stays at 256 and
 * 128 MiB, whatever the GPU has. So it is with features.
 * @param wanted features to open it with where it has them, all by default
 * @throws Error without WebGPU, or an adapter
 */
export async function openWebGpu(wanted: readonly ShaderFeature[] = FEATURES): Promise<OpenDevice> {
  await provideWebGpu();
  const { gpu } = (globalThis.navigator ?? {}) as { readonly gpu?: Gpu };
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
  // Shaders tell the subgroups of a workgroup apart by their ids, which came later than subgroups.
  const hasIds = gpu?.wgslLanguageFeatures?.has("subgroup_id") === true;
  const features = wanted.filter(
    (feature) => adapter.features.has(feature) && (feature !== "subgroups" || hasIds),
  );
  const device = await adapter.requestDevice({
    requiredFeatures: features,
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
    features,
    isLost: () => lost,
    close: () => device.destroy(),
  };
}
