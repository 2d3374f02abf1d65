import type { Plan } from "../compile/plan.ts";
import type { Widening } from "../compile/widening.ts";
import type { DType, FusedName, PrimitiveName, Shape, TypedArray } from "../tensor/tensor.ts";

/** What an engine holds on its device. */
export interface MemoryUse {
  /** Bytes of all live buffers, scratch memory included. */
  readonly bytes: number;
  /** Number of live buffers. */
  readonly buffers: number;
  readonly peakBytes: number;
}

/** Numbers of a tensor by their places, row-major, the last excluded. */
export type Span = readonly [from: number, to: number];

/** What a plan became on a device. */
export interface DeviceStats {
  /** Different kernels that were made for it. */
  readonly kernels: number;
  /** Kernels started in a run. */
  readonly launches: number;
  /** Most bytes in use at one time in a run: inputs, constants, temporaries and outputs. */
  readonly peakBytes: number;
}

/** Hears, while the kernels of a program are compiled, how many of them are. */
export type OnProgress = (compiled: number, total: number) => void;

/** A kernel of a program, for people to read. */
export interface KernelText {
  /** The steps of the plan that it belongs to (`Program.plans`), and what they compute. */
  readonly steps: readonly number[];
  readonly ops: readonly PrimitiveName[];
  /** A JavaScript function: what GPU.js was given, unless the kernel brings a shader of its own. */
  readonly source: string;
  /** What the device's compiler was given: GLSL or WGSL. Absent where GPU.js compiles to no text. */
  readonly compiled?: string;
}

/** A run that could not begin, and why: what it was to consume is as it was. */
export class NotBegunError extends Error {
  override readonly name = "NotBegunError";
  override readonly cause: Error;

  constructor(cause: Error) {
    super(cause.message);
    this.cause = cause;
  }
}

/** A plan made ready on a device. */
export interface Executable<Buffer> {
  /**
   * Runs the plan. Donated inputs are consumed: freed, or handed on as outputs (`Plan.buffers[…].reuses`).
   * @param inputs one buffer for each plan input
   * @returns one buffer for each plan output, owned by the caller
   * @throws NotBegunError where it consumed nothing; after any other error the donated inputs are gone
   */
  run(inputs: readonly Buffer[]): Promise<readonly Buffer[]>;
  stats(): DeviceStats;
  /** One for each launch, in order; absent where kernels are not made for a program. */
  sources?(): readonly KernelText[];
  dispose(): void;
}

/** What a backend implements; `createEngine` adds tracing, caching, trees and ownership. */
export interface Device<Buffer> {
  readonly backend: string;
  /** For people: the GPU's name, the number of threads. */
  readonly description: string;
  /** The numerics class: devices of one class compute the same bits. @see Numerics */
  readonly numerics: string;
  /** Whether a read waits for what another processor computes; else it gives the event loop no turn. */
  readonly readsWait?: boolean;
  /** Fused primitives that it has no kernels for: plans name their definitions instead. */
  readonly lacking: readonly FusedName[];
  /** Operations whose kernels widen what is kept in a storage type; for others it is widened before. */
  readonly widening?: Widening;
  prepare(plan: Plan, onProgress?: OnProgress): Promise<Executable<Buffer>>;
  /** What `DeviceStats.peakBytes` of a plan would be; nothing is compiled or allocated. */
  peakBytes(plan: Plan): number;
  upload(data: TypedArray, shape: Shape, dtype: DType): Buffer;
  /** A tensor whose numbers are to be written. @throws where there is no room for it */
  allocate(shape: Shape, dtype: DType): Buffer;
  /**
   * Writes some numbers of an allocated tensor; `data` may be used again at once.
   * @param from the place of the first, a multiple of 64; only the tensor's last may follow on others
   */
  write(buffer: Buffer, from: number, data: TypedArray, dtype: DType): void;
  /** Resolves when what was written takes no memory of the host any more. @throws where it failed */
  written(): Promise<void>;
  /**
   * Float32Array or Float64Array for float, Int32Array for int; a copy that the caller owns.
   * @param span only the numbers from the first, a multiple of 64, to the second
   */
  read(buffer: Buffer, shape: Shape, dtype: DType, span?: Span): Promise<TypedArray>;
  copy(buffer: Buffer): Buffer;
  free(buffer: Buffer): void;
  memory(): MemoryUse;
  close(): void | Promise<void>;
}
