import type { DeviceTraits } from "../../kernels/gpu/kernel.ts";
import type { Plan } from "../../src/compile/plan.ts";
import type { Widening } from "../../src/compile/widening.ts";
import type { DeviceStats, KernelText, MemoryUse, Span } from "../../src/engines/device.ts";
import type { GpuMode } from "../../src/engines/gpu/gpujs/gpujs.ts";
import type { DType, Shape, TypedArray } from "../../src/tensor/tensor.ts";
import type { Flat } from "../engines/smallTraining.ts";

/** What a test asks of a device in the page. Buffers and programs are numbers that the test gives. */
export type Command =
  | {
      readonly do: "upload";
      readonly buffer: number;
      readonly data: TypedArray;
      readonly shape: Shape;
      readonly dtype: DType;
    }
  | {
      readonly do: "allocate";
      readonly buffer: number;
      readonly shape: Shape;
      readonly dtype: DType;
    }
  | {
      readonly do: "write";
      readonly buffer: number;
      readonly from: number;
      readonly data: TypedArray;
      readonly dtype: DType;
    }
  | { readonly do: "written" }
  | { readonly do: "copy"; readonly from: number; readonly buffer: number }
  | { readonly do: "free"; readonly buffer: number }
  | { readonly do: "prepare"; readonly program: number; readonly plan: Plan }
  | {
      readonly do: "run";
      readonly program: number;
      readonly inputs: readonly number[];
      readonly outputs: readonly number[];
    }
  | { readonly do: "dispose"; readonly program: number }
  | {
      readonly do: "read";
      readonly buffer: number;
      readonly shape: Shape;
      readonly dtype: DType;
      readonly span?: Span;
    };

/** What `OnProgress` was told, call by call. */
export type Progress = readonly (readonly [compiled: number, total: number])[];

export interface Answer {
  /** Of the last `read`. */
  readonly data?: TypedArray;
  readonly memory: MemoryUse;
  /** Of every program. */
  readonly stats: readonly (readonly [program: number, stats: DeviceStats])[];
  /** Of the program that was prepared. */
  readonly prepared?: { readonly progress: Progress; readonly sources: readonly KernelText[] };
}

/** What page.ts puts on `window`. */
export interface PageApi {
  open(
    mode: GpuMode,
    traits?: Partial<DeviceTraits>,
  ): Promise<{
    device: number;
    description: string;
    numerics: string;
    widening: Widening | undefined;
  }>;
  send(device: number, commands: readonly Command[]): Promise<Answer>;
  close(device: number): Promise<void>;
  /** Makes the browser drop every WebGL context and WebGPU device that GPU.js opened. */
  loseContexts(): Promise<void>;
  /** How many calls a training makes of its WebGL 2 context, which is lost right before one of them, and what it then says. */
  lostAt(mode: GpuMode, call: number): Promise<{ readonly calls: number; readonly error?: string }>;
  /** Trains a small network on a device of its own, which sends nothing across at each step. */
  train(mode: GpuMode, steps: number): Promise<Flat>;
  probe(): Promise<{ mode: string; renderer: string; hardware: boolean } | undefined>;
}
