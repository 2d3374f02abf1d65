import type { Attrs, DType, PrimitiveName, Shape, TypedArray } from "../tensor/tensor.ts";

/** A value of a plan: a buffer, seen with a shape. Reshapes share the buffer. */
export interface Value {
  /** Index into `Plan.buffers`. */
  readonly buffer: number;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Where a buffer's numbers come from, and so who owns its memory. */
export type BufferKind = "input" | "constant" | "temporary" | "output";

export interface BufferPlan {
  readonly kind: BufferKind;
  readonly elements: number;
  readonly dtype: DType;
  /** For an output: the donated input whose memory it may take over, which is dead by then. */
  readonly reuses?: number;
}

export interface Step<K extends PrimitiveName = PrimitiveName> {
  readonly op: K;
  readonly attrs: Attrs<K>;
  /** Of the dtypes that the operation takes; but the table of a gather and the right operand of a matmul
   * may have a storage type, which the kernel then widens as it reads (`PlanOptions.widening`), and with
   * a right operand of q8_0 the left one may have it, too. */
  readonly inputs: readonly Value[];
  readonly output: Value;
  /** Temporary and donated buffers that no later step reads. */
  readonly frees: readonly number[];
}

/**
 * A straight-line program: pure data, ready for an engine. `alias`, `stopGradient`, `reshape`,
 * `checkpoint` and `after` are gone, but for an `alias` where a copy is really needed (an output that
 * is an input or a constant, or the same tensor twice).
 */
export interface Plan {
  readonly buffers: readonly BufferPlan[];
  /** One value for each input, in order; buffer i is input i. */
  readonly inputs: readonly Value[];
  /** Inputs whose buffers the program consumes. */
  readonly donated: readonly number[];
  readonly constants: readonly { readonly value: Value; readonly data: TypedArray }[];
  readonly steps: readonly Step[];
  /** Each in a distinct buffer of kind `output`. */
  readonly outputs: readonly Value[];
}
