import type { Attrs, CommonName, DType, PrimitiveName, Shape } from "../../src/tensor/tensor.ts";
import type { FunctionName } from "./numbers/functions.ts";

/**
 * How many neighbouring numbers a cell computes or a load fetches. Wide devices take four: on
 * WebGL tensors lie packed, four numbers to an RGBA texel, in row-major order whatever their shape.
 */
export type Lanes = 1 | 4;

/** Cells that go through a row together. */
export interface Shared {
  readonly threads: number;
  /** Which of them this cell is. */
  readonly thread: string;
  /** Adds up a variable's numbers of all: each has the sum then. */
  sum(variable: string): void;
  /** The same with the largest; a NaN is larger than any. */
  max(variable: string): void;
  /** The same with the smallest. */
  least(variable: string): void;
}

/** Writes the source of one cell (GPU.js calls it a thread) of a kernel. */
export interface Cell {
  /** Where others go through the same row beside it. */
  readonly shared?: Shared;
  readonly wide: boolean;
  /** This cell's place among all cells, row-major. */
  readonly index: string;
  /** Declares a constant and returns its name. */
  declare(expression: string): string;
  /** Declares a variable and returns its name. */
  variable(initial: string): string;
  run(statement: string): void;
  /** A loop with a constant bound: any other stops silently at 1,000 iterations in GPU.js. */
  repeat(count: number, body: (i: string) => void): void;
  when(condition: string, then: () => void, otherwise?: () => void): void;
  /**
   * Declares a whole number that was read from a tensor, to compute a place from: places are counted in
   * whole numbers where floats would skip some, and tensors hold floats.
   */
  whole(expression: string): string;
  /** Whole division of a whole number a < below by a constant, exact where floats are not. */
  divide(a: string, b: number, below: number): readonly [quotient: string, remainder: string];
  /** Calls a function that is exact about NaN and infinities; `Math`'s own are not, on GPUs. */
  call(name: FunctionName, ...args: readonly string[]): string;
  /** `lanes` numbers of a read tensor, from number lanes · group. */
  load(read: number, group: string, lanes: Lanes): readonly string[];
  /** One number of a read tensor. */
  at(read: number, index: string): string;
}

/** One launch: every cell of `extent` computes `lanes` neighbouring numbers of the result. */
export interface Kernel {
  /** What `load` and `at` read: input i of the operation, or `resultOf(j)` of its kernels. */
  readonly reads: readonly number[];
  /** The cells, row-major. */
  readonly extent: Shape;
  readonly lanes: Lanes;
  /**
   * Groups of `lanes` numbers that a cell computes, 1 by default: each belongs to a result of its
   * own, as many as `Call.targets` allows, unless `places` says otherwise. More than one has 4 lanes.
   */
  readonly rows?: number;
  /** Where `Call.scatters`: the place of each group of a cell in the one result. */
  readonly places?: (cell: Cell, ...at: string[]) => readonly string[];
  /** @returns one expression a lane, of each result in turn. */
  readonly body: (cell: Cell, ...at: string[]) => readonly string[];
  /** Where `Call.shares`: what computes the same faster. */
  readonly shader?: Shader;
}

/** A compute shader of its own: WGSL that binds what the kernel reads and then its result. */
export interface Shader {
  readonly code: string;
  readonly workgroups: readonly [x: number, y: number, z: number];
  /** The same with `finish(place, numbers)` called for each four of its numbers in place of storing them,
   * and without the result: what declares that function stands before it and binds what follows. */
  readonly ended?: (declarations: string) => string;
}

/** The j-th of the results of an operation's kernels, for `Kernel.reads`. */
export const resultOf = (j: number): number => -1 - j;

/** What shaders may use beyond the core of WGSL, where a GPU has it; `subgroups` with their ids. */
export type ShaderFeature = "shader-f16" | "subgroups";

/** What kernels must know of a device. */
export interface DeviceTraits {
  /** Whether a cell may compute four neighbouring numbers. */
  readonly wide: boolean;
  /** How many tensors a kernel may read. */
  readonly reads: number;
  /** How many results it may have. */
  readonly targets: number;
  /** How many tensors it may touch, reading or writing. */
  readonly operands: number;
  /** Whether a cell may write anywhere in its result. */
  readonly scatters: boolean;
  /** Whether groups of cells can share memory, and are the faster for it; then it is `wide` too. */
  readonly shares: boolean;
  /** Cells that keep the device busy. */
  readonly cells: number;
  /** Numbers that a cell can sum up at once without running out of registers. */
  readonly sums: number;
  readonly features: readonly ShaderFeature[];
  /** Whether products of tiles may round their factors to f16; only where shaders have it. */
  readonly halves: boolean;
}

/** An operation to be computed. */
export interface Call<K extends PrimitiveName> extends DeviceTraits {
  readonly shapes: readonly Shape[];
  /** Of the inputs. What has a storage type is widened where it is read. */
  readonly dtypes: readonly DType[];
  readonly shape: Shape;
  readonly attrs: Attrs<K>;
}

/** A kernel but for what a cell computes. */
export type Launched = Omit<Kernel, "body">;

/** How many results a kernel makes. */
export const resultsOf = ({ rows = 1, places }: Launched): number => (places ? 1 : rows);

export const cellsOf = ({ extent }: Pick<Kernel, "extent">): number =>
  extent.reduce((a, b) => a * b, 1);

/** The number of elements of each result. */
export const elementsOf = (kernel: Launched): number =>
  (cellsOf(kernel) * kernel.lanes * (kernel.rows ?? 1)) / resultsOf(kernel);

/** What has a lowering: casts are the devices' own, for their memory is what differs. */
export type LoweredName = Exclude<CommonName, "cast">;

/** The kernels that compute an operation, in order; the last one makes its result. */
export type Lowering<K extends PrimitiveName> = (call: Call<K>) => readonly Kernel[];

/** Four lanes on a wide device where every one of `lengths` is a multiple of four. */
export const lanesFor = (wide: boolean, ...lengths: readonly number[]): Lanes =>
  wide && lengths.every((n) => n % 4 === 0) ? 4 : 1;

/** A literal that GPU.js reads as a float. */
export const literal = (x: number): string => (x < 0 ? `(${x})` : `${x}`);

/** The lanes of a cell, each by the same rule. */
export const eachLane = (lanes: Lanes, rule: (lane: number) => string): string[] =>
  Array.from({ length: lanes }, (_, lane) => rule(lane));
