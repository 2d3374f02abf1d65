/** The part of WebGPU that is used here; TypeScript's DOM library has none of it yet. */
export interface WebGpuDevice extends EventTarget {
  readonly limits: {
    readonly maxStorageBufferBindingSize: number;
    readonly maxBufferSize: number;
    readonly minStorageBufferOffsetAlignment: number;
    readonly maxStorageBuffersPerShaderStage: number;
  };
  /** Resolves when it is gone, for whatever reason. */
  readonly lost: Promise<unknown>;
  readonly queue: {
    writeBuffer(buffer: RawBuffer, offset: number, data: Float32Array): void;
    submit(commands: readonly unknown[]): void;
    onSubmittedWorkDone(): Promise<unknown>;
  };
  createBuffer(descriptor: { size: number; usage: number }): RawBuffer;
  createShaderModule(descriptor: { code: string }): unknown;
  createBindGroupLayout(descriptor: { entries: readonly object[] }): BindGroupLayout;
  createPipelineLayout(descriptor: { bindGroupLayouts: readonly BindGroupLayout[] }): object;
  createComputePipelineAsync(descriptor: {
    layout: object;
    compute: { module: unknown };
  }): Promise<Pipeline>;
  createBindGroup(descriptor: { layout: BindGroupLayout; entries: readonly object[] }): BindGroup;
  createCommandEncoder(): CommandEncoder;
  destroy(): void;
}

declare const brand: unique symbol;
export interface Pipeline {
  readonly [brand]: "pipeline";
}
export interface BindGroup {
  readonly [brand]: "bind group";
}
export interface BindGroupLayout {
  readonly [brand]: "bind group layout";
}

export interface CommandEncoder {
  beginComputePass(): ComputePass;
  copyBufferToBuffer(from: RawBuffer, at: number, to: RawBuffer, at2: number, n: number): void;
  finish(): unknown;
}

export interface ComputePass {
  setPipeline(pipeline: Pipeline): void;
  setBindGroup(index: number, group: BindGroup): void;
  dispatchWorkgroups(x: number, y: number, z?: number): void;
  end(): void;
}

export interface RawBuffer {
  readonly size: number;
  mapAsync(mode: number): Promise<void>;
  getMappedRange(): ArrayBuffer;
  destroy(): void;
}

/** The specification pins the values of these flags. */
export const usage = { storage: 0x80, copySource: 4, copyTarget: 8, mapRead: 1 } as const;
export const MODE_READ = 1;
const COMPUTE_STAGE = 4;

/** Of a shader that binds `reads` tensors that it reads and then `results` that it makes. */
export const layoutOf = (device: WebGpuDevice, reads: number, results: number): BindGroupLayout =>
  device.createBindGroupLayout({
    entries: Array.from({ length: reads + results }, (_, binding) => ({
      binding,
      visibility: COMPUTE_STAGE,
      buffer: { type: binding < reads ? "read-only-storage" : "storage" },
    })),
  });
