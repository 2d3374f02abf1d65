import {
  elementsOf,
  type Launched,
  resultsOf,
  type ShaderFeature,
} from "../../../kernels/gpu/kernel.ts";
import { MOST_IN_FLOATS, storageSource } from "../../../kernels/gpu/source.ts";
import { storedAs } from "../../../kernels/gpu/stored.ts";
import { workgroupsOf } from "../../../kernels/gpu/wgsl.ts";
import type { Span } from "../device.ts";
import { codeBuffers } from "./codeBuffers.ts";
import { type Driver, float32, type Launch, noMemoryLeft, WORK } from "./driver.ts";
import { isSoftware } from "./probe.ts";
import { recycler } from "./recycler.ts";
import { bindGroups, holdersOf, type Storage } from "./storage.ts";
import { createTranslator } from "./translator.ts";
import { openWebGpu } from "./webgpuDevice.ts";
import {
  type CommandEncoder,
  type ComputePass,
  layoutOf,
  MODE_READ,
  type RawBuffer,
  usage,
} from "./webgpuTypes.ts";

/** A submission carries so many, so that the GPU works while the rest of a step is recorded. */
const LAUNCHES_AT_ONCE = 32;

interface Recording {
  readonly encoder: CommandEncoder;
  readonly pass: ComputePass;
  launches: number;
}

/** So long, ms, a failed reading waits to hear that the device is lost. */
const LAST_WORDS = 200;

/** How the driver is to differ from what the GPU can do, for tests. */
export interface WebGpuOptions {
  /** Counts all places in whole numbers, not only those that floats skip. */
  readonly whole?: boolean;
  /** Bytes of the largest binding, if the GPU takes more: larger tensors are held in parts. */
  readonly bindingBytes?: number;
  /** Which features to use of those that the GPU has; all by default. */
  readonly features?: readonly ShaderFeature[];
}

/**
 * WebGPU. GPU.js translates the kernels to WGSL, but those that bring a shader of their own and those
 * whose places floats do not count; the shaders around them and their launches are the engine's, so that
 * cells can read four numbers at once and write several.
 * Every tensor is a storage buffer of floats. @throws Error without an adapter
 */
export async function createWebGpuDriver({
  whole = false,
  bindingBytes = Infinity,
  features: wanted,
}: WebGpuOptions = {}): Promise<Driver<Storage>> {
  const { device, name, features, isLost, close } = await openWebGpu(wanted);
  const translator = await createTranslator();
  const { limits } = device;
  const { maxStorageBufferBindingSize, maxBufferSize } = limits;
  // Tensors are whole groups of four.
  const most =
    4 * Math.floor(Math.min(maxStorageBufferBindingSize, maxBufferSize, bindingBytes) / 16);
  const failures: string[] = [];
  const noteFailure = (event: Event): void => {
    const { error } = event as Event & { error: Error };
    failures.push(
      error.constructor.name === "GPUOutOfMemoryError"
        ? noMemoryLeft(buffers.use())
        : error.message,
    );
  };
  device.addEventListener("uncapturederror", noteFailure);
  const ready = new Map<string, Promise<Launch<Storage>>>();
  let recording: Recording | undefined;

  let made = 0;
  const buffers = recycler<Storage, number>({
    create: (size) => ({
      ...{ name: `${made++}`, offset: 0, size },
      buffer: device.createBuffer({
        size,
        usage: usage.storage | usage.copySource | usage.copyTarget,
      }),
    }),
    destroy({ buffer }) {
      flush();
      buffer.destroy();
    },
    bytes: (size) => size,
    key: (size) => size,
  });
  const holders = holdersOf(buffers);

  /** The pass that the next launch is recorded in. */
  function record(): ComputePass {
    if (recording?.launches === LAUNCHES_AT_ONCE) flush();
    if (!recording) {
      const encoder = device.createCommandEncoder();
      recording = { encoder, pass: encoder.beginComputePass(), launches: 0 };
    }
    recording.launches += 1;
    return recording.pass;
  }

  function flush(): void {
    if (!recording) return;
    const { encoder, pass } = recording;
    recording = undefined;
    pass.end();
    device.queue.submit([encoder.finish()]);
  }

  function checkLost(): void {
    if (isLost())
      throw new Error(
        "webgpu: the GPU device was lost and its tensors with it; create a new engine",
      );
  }

  /** What is under way fails before the device says that it was lost, or that a page destroyed it. */
  const lastWords = (): Promise<unknown> =>
    Promise.race([device.lost, new Promise((resolve) => setTimeout(resolve, LAST_WORDS))]);

  function checkSize(elements: number): void {
    if (elements > most)
      throw new RangeError(
        `webgpu: expected a tensor of at most ${most} elements, which the GPU gives a kernel at once, ` +
          `got ${elements}; shorter or fewer sequences at a time are smaller`,
      );
  }

  function take(elements: number): Storage {
    checkLost();
    checkSize(elements);
    // Cells of four lanes read and write whole groups.
    return buffers.take(16 * Math.max(1, Math.ceil(elements / 4)));
  }

  async function launchOf(
    kernel: Launched,
    source: string,
    compiled: string,
  ): Promise<Launch<Storage>> {
    const results = resultsOf(kernel);
    const layout = layoutOf(device, kernel.reads.length, results);
    const pipeline = await device.createComputePipelineAsync({
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: device.createShaderModule({ code: compiled }) },
    });
    const [x, y, z] = kernel.shader?.workgroups ?? [...workgroupsOf(kernel), 1];
    const groupOf = bindGroups(device, layout);
    const run = (reads: readonly Storage[]): readonly Storage[] => {
      checkLost();
      const targets = Array.from({ length: results }, () => take(elementsOf(kernel)));
      const pass = record();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, groupOf([...reads, ...targets]));
      pass.dispatchWorkgroups(x, y, z);
      return targets;
    };
    return { source, compiled, run };
  }

  function copy({ buffer, offset }: Storage, to: RawBuffer, size: number): void {
    flush();
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, offset, to, 0, size);
    device.queue.submit([encoder.finish()]);
  }

  async function check(): Promise<void> {
    flush();
    checkLost();
    throwFirst(failures);
  }

  /** Equal shaders are made ready once. */
  function launch(kernel: Launched, source: string, code: string): Promise<Launch<Storage>> {
    const entry = ready.get(code) ?? launchOf(kernel, source, code);
    ready.set(code, entry);
    return entry;
  }

  function write({ buffer, offset }: Storage, from: number, words: Float32Array): void {
    checkLost();
    // What was recorded may still read what lay there.
    flush();
    device.queue.writeBuffer(buffer, offset + 4 * from, words);
  }

  async function readWords(storage: Storage, [from, to]: Span): Promise<ArrayBuffer> {
    checkLost();
    const size = Math.max(1, to - from) * 4;
    const staging = device.createBuffer({ size, usage: usage.mapRead | usage.copyTarget });
    copy({ ...storage, offset: storage.offset + 4 * from }, staging, size);
    await staging.mapAsync(MODE_READ).catch(async (error: Error) => {
      await lastWords();
      checkLost();
      throw new Error(`webgpu: ${error.message}`, { cause: error });
    });
    const content = staging.getMappedRange().slice(0);
    staging.destroy();
    checkLost();
    throwFirst(failures);
    return content;
  }

  return {
    description: `webgpu on ${name}`,
    readsWait: true,
    most,
    widening: { gather: true, matmul: true },
    traits: {
      wide: true,
      reads: limits.maxStorageBuffersPerShaderStage - 1,
      targets: 4,
      operands: limits.maxStorageBuffersPerShaderStage,
      scatters: true,
      ...{ features, halves: false },
      ...WORK[isSoftware(name) ? "software" : "compute"],
    },
    compile(kernel, sizes, dtypes = []) {
      const all = [...sizes, elementsOf(kernel) * resultsOf(kernel)];
      for (const elements of [...sizes, elementsOf(kernel)]) checkSize(elements);
      const stored = dtypes.map((type) => storedAs(type, { features }));
      const counts = whole || Math.max(...all) > MOST_IN_FLOATS;
      const source = storageSource(kernel, sizes, counts, stored);
      const code = kernel.shader?.code ?? translator.translate(kernel, source);
      return launch(kernel, source.code, code);
    },
    allocate: take,
    write: (storage, from, data) => write(storage, from, float32(data)),
    async written() {
      // The queue keeps copies of what it was given until it was told to work and has.
      device.queue.submit([]);
      await Promise.race([device.queue.onSubmittedWorkDone(), device.lost]);
      await check();
    },
    read: async (storage, span) =>
      new Float32Array(await readWords(storage, span), 0, span[1] - span[0]),
    codes: codeBuffers({ allocate: take, write, readWords, checkSize, launch }),
    copy(storage) {
      const target = take(storage.size / 4);
      copy(storage, target.buffer, storage.size);
      return target;
    },
    windows: {
      every: limits.minStorageBufferOffsetAlignment / 4,
      open: (of, from, elements) => holders.window(of, 4 * from, 16 * Math.ceil(elements / 4)),
    },
    free: (storage) => holders.give(storage),
    check,
    memory: () => buffers.use(),
    async close() {
      device.removeEventListener("uncapturederror", noteFailure);
      ready.clear();
      buffers.clear();
      await translator.close();
      close();
    },
  };
}

function throwFirst(failures: string[]): void {
  const [failure] = failures.splice(0);
  if (failure !== undefined) throw new Error(`webgpu: ${failure}`);
}
