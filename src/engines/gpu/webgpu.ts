import type { Kernel } from "../../../kernels/gpu/kernel.ts";
import { bufferSource } from "../../../kernels/gpu/source.ts";
import { type Driver, elementsOf, type Launch } from "./driver.ts";
import {
  checkMode,
  type GpuJsKernel,
  type GpuJsLauncher,
  kernelSettings,
  startGpuJs,
} from "./gpujs.ts";
import { recycler } from "./recycler.ts";

/** The part of WebGPU that is used here; TypeScript's DOM library has none of it yet. */
interface GpuDevice extends EventTarget {
  readonly limits: {
    readonly maxStorageBufferBindingSize: number;
    readonly maxBufferSize: number;
  };
  readonly queue: {
    writeBuffer(buffer: RawBuffer, offset: number, data: Float32Array): void;
    submit(commands: readonly unknown[]): void;
  };
  createBuffer(descriptor: { size: number; usage: number }): RawBuffer;
  createCommandEncoder(): {
    copyBufferToBuffer(from: RawBuffer, at: number, to: RawBuffer, at2: number, n: number): void;
    finish(): unknown;
  };
}

interface RawBuffer {
  readonly size: number;
  mapAsync(mode: number): Promise<void>;
  getMappedRange(): ArrayBuffer;
  destroy(): void;
}

interface GpuContext {
  readonly device: GpuDevice;
  readonly adapter: { readonly info?: Readonly<Record<string, string>> };
  readonly isLost: boolean;
}

/** A buffer as GPU.js kernels take it. */
interface Handle {
  readonly buffer: RawBuffer;
}

// The specification pins the values of these flags.
const [STORAGE, COPY_SOURCE, COPY_TARGET, MAP_READ, MODE_READ] = [0x80, 4, 8, 1, 1];

/** GPU.js kernels index with floats, which count exactly up to here. */
const MOST_ELEMENTS = 2 ** 24;

/** GPU.js on WebGPU: every tensor is a storage buffer of floats. @throws Error without an adapter */
export async function createWebGpuDriver(): Promise<Driver<Handle>> {
  const gpu = await startGpuJs("webgpu");
  const seed = gpu.createKernel("function() { return 0; }", {
    ...kernelSettings,
    ...{ pipeline: true, output: [1] },
  });
  const first = (await seed()) as Handle;
  checkMode(seed, "webgpu");
  const HandleOf = first.constructor as new (settings: object) => Handle;
  const context = seed.kernel.context as GpuContext;
  const { device } = context;
  const most = Math.min(
    MOST_ELEMENTS,
    Math.floor(
      Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize) / 4,
    ),
  );
  const failures: string[] = [];
  const noteFailure = (event: Event): void => {
    failures.push((event as Event & { error: { message: string } }).error.message);
  };
  device.addEventListener("uncapturederror", noteFailure);
  const launched: unknown[] = [];
  const ready = new Map<string, Promise<Launch<Handle>>>();
  const built: GpuJsLauncher[] = [];

  const wrap = (buffer: RawBuffer): Handle =>
    new HandleOf({ buffer, output: [buffer.size / 4], context, kernel: seed.kernel });
  const buffers = recycler<Handle, number>({
    create: (size) =>
      wrap(device.createBuffer({ size, usage: STORAGE | COPY_SOURCE | COPY_TARGET })),
    destroy: ({ buffer }) => buffer.destroy(),
    bytes: (size) => size,
    key: (size) => size,
  });

  function checkLost(): void {
    if (context.isLost)
      throw new Error(
        "webgpu: the GPU device was lost and its tensors with it; create a new engine",
      );
  }

  function take(elements: number): Handle {
    if (elements > most)
      throw new RangeError(
        `webgpu: expected a tensor of at most ${most} elements, got ${elements}`,
      );
    // Cells of four lanes read and write whole groups.
    return buffers.take(16 * Math.max(1, Math.ceil(elements / 4)));
  }

  async function build(kernel: Kernel, source: string): Promise<GpuJsLauncher> {
    const output = [Math.max(1, elementsOf(kernel) / kernel.lanes)];
    const launcher = gpu.createKernel(source, { ...kernelSettings, pipeline: true, output });
    // A kernel makes itself an output buffer unless it has one.
    launcher.kernel.outputBuffer = { size: Number.POSITIVE_INFINITY };
    await launcher.kernel.build(...kernel.reads.map(() => first));
    checkMode(launcher, "webgpu");
    return launcher;
  }

  async function launchOf(kernel: Kernel, source: string): Promise<Launch<Handle>> {
    const launcher = await build(kernel, source);
    built.push(launcher);
    return (reads) => {
      const target = take(elementsOf(kernel));
      aim(launcher.kernel, target.buffer);
      // Submitted at once; the promise tells of errors only.
      const done = launcher(...reads) as Promise<unknown>;
      done.catch(() => {});
      launched.push(done);
      return [target];
    };
  }

  return {
    description: `webgpu on ${nameOf(context)}`,
    wide: true,
    targets: 1,
    compile(kernel) {
      const source = bufferSource(kernel, true).code;
      const key = `${elementsOf(kernel)} ${source}`;
      const entry = ready.get(key) ?? launchOf(kernel, source);
      ready.set(key, entry);
      return entry;
    },
    upload(data) {
      checkLost();
      const target = take(data.length);
      device.queue.writeBuffer(target.buffer, 0, Float32Array.from(data));
      return target;
    },
    async read({ buffer }, elements) {
      checkLost();
      const size = Math.max(1, elements) * 4;
      const staging = device.createBuffer({ size, usage: MAP_READ | COPY_TARGET });
      copy(device, buffer, staging, size);
      await staging.mapAsync(MODE_READ);
      const numbers = new Float32Array(staging.getMappedRange().slice(0), 0, elements);
      staging.destroy();
      checkLost();
      throwFirst(failures);
      return numbers;
    },
    copy({ buffer }) {
      const target = take(buffer.size / 4);
      copy(device, buffer, target.buffer, buffer.size);
      return target;
    },
    free: (handle) => buffers.give(handle),
    async check() {
      checkLost();
      await Promise.all(launched.splice(0));
      throwFirst(failures);
    },
    memory: () => buffers.use(),
    async close() {
      device.removeEventListener("uncapturederror", noteFailure);
      for (const launcher of built) {
        // GPU.js would destroy the buffer it wrote last, which is the recycler's.
        launcher.kernel.outputBuffer = null;
        launcher.kernel.destroy();
      }
      buffers.clear();
      await gpu.destroy();
    },
  };
}

/** Makes a kernel write to a buffer. */
function aim(kernel: GpuJsKernel, buffer: RawBuffer): void {
  kernel.outputBuffer = buffer;
  kernel.bindGroupDirty = true;
}

function copy(device: GpuDevice, from: RawBuffer, to: RawBuffer, size: number): void {
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(from, 0, to, 0, size);
  device.queue.submit([encoder.finish()]);
}

function throwFirst(failures: string[]): void {
  const [failure] = failures.splice(0);
  if (failure !== undefined) throw new Error(`webgpu: ${failure}`);
}

function nameOf({ adapter }: GpuContext): string {
  const { vendor, architecture, description } = adapter.info ?? {};
  return [vendor, architecture, description].filter(Boolean).join(" ") || "an unnamed adapter";
}
