import type { Cast } from "../../../kernels/gpu/casts/cast.ts";
import type { DeviceTraits, Kernel } from "../../../kernels/gpu/kernel.ts";
import type { Widening } from "../../compile/widening.ts";
import type { DType, TypedArray } from "../../tensor/tensor.ts";
import type { KernelText, MemoryUse, Span } from "../device.ts";

/** A kernel ready to run. */
export interface Launch<Memory> extends Pick<KernelText, "source" | "compiled"> {
  /** Takes the tensors that the kernel reads, gives those it makes. */
  run(reads: readonly Memory[]): readonly Memory[];
}

/** What is said when the GPU refuses memory. */
export const noMemoryLeft = ({ bytes }: MemoryUse): string =>
  `the GPU has no memory left; ${bytes} bytes are in use`;

/** How one GPU.js back end holds tensors and runs kernels. */
export interface Driver<Memory> {
  readonly description: string;
  readonly traits: DeviceTraits;
  /** As the device's. */
  readonly readsWait: boolean;
  /** Operations whose kernels widen what is kept in a storage type; none by default. */
  readonly widening?: Widening;
  /** Numbers of the largest tensor: larger ones are held in parts, each a tensor. */
  readonly most: number;
  /**
   * Makes a kernel ready; equal kernels are made once and have the same promise.
   * @param sizes the number of elements of each tensor it reads
   * @param dtypes theirs, where `widening` lets them have storage types
   * @throws RangeError when a tensor is too large for the device
   */
  compile(
    kernel: Kernel,
    sizes: readonly number[],
    dtypes?: readonly DType[],
  ): Promise<Launch<Memory>>;
  /** @throws RangeError for more than the device takes */
  allocate(elements: number): Memory;
  /** @param from the place of the first number, a multiple of 64 */
  write(memory: Memory, from: number, data: TypedArray): void;
  /** Resolves when what was written takes no memory of the host any more. @throws as `check` */
  written(): Promise<void>;
  read(memory: Memory, span: Span): Promise<Float32Array>;
  copy(memory: Memory): Memory;
  /** Codes of a storage type: their memory takes as many bytes as they do, and only casts read it. */
  readonly codes: {
    /** @throws RangeError for more than the device takes */
    allocate(bytes: number): Memory;
    /** @param from the place of the first byte, a multiple of 64 */
    write(memory: Memory, from: number, bytes: Uint8Array): void;
    /** @param span bytes from the first, a multiple of 64, to the second */
    read(memory: Memory, span: Span): Promise<Uint8Array>;
    /** Makes a cast ready. @throws RangeError when a tensor is too large for the device */
    cast(cast: Cast): Promise<Launch<Memory>>;
  };
  /** Where parts of a tensor can be tensors in the same memory; each is freed apart. */
  readonly windows?: {
    /** Numbers that the start of a part is a multiple of. */
    readonly every: number;
    open(of: Memory, from: number, elements: number): Memory;
  };
  free(memory: Memory): void;
  /** Tells of what went wrong behind the launches' backs. @throws Error when the GPU was lost */
  check(): Promise<void>;
  memory(): MemoryUse;
  close(): Promise<void>;
}

/** The same numbers in float32: as they are where they are. */
export const float32 = (data: TypedArray): Float32Array =>
  data instanceof Float32Array ? data : Float32Array.from(data);

/**
 * A GPU wants many more cells than it has cores; a software rasteriser wants little traffic. On an
 * NVIDIA H200 the kernels of steps of M and L took 0.54 and 0.73 × the time with 32,768 cells in place
 * of 4,096, their products being made of cells that share nothing; with fragment shaders it is untried.
 */
export const WORK: Readonly<
  Record<"software" | "fragments" | "compute", Pick<DeviceTraits, "cells" | "sums" | "shares">>
> = {
  software: { cells: 256, sums: 128, shares: false },
  fragments: { cells: 4096, sums: 64, shares: false },
  compute: { cells: 32_768, sums: 32, shares: true },
};
