import { type DType, type Shape, Tensor } from "../tensor/tensor.ts";

const NOWHERE = Object.freeze({ backend: "none" });

/**
 * A tensor of which nothing is known but shape and dtype, in place of one that is not there yet: for
 * `Program.planned`, which looks at no numbers. Nothing can be computed with it.
 * @example program.planned({ weight: standIn([4096, 4096]) }).peakBytes
 */
export const standIn = (shape: Shape, dtype: DType = "float"): Tensor<"resident"> =>
  new Tensor<"resident">("resident", shape, dtype, [], { handle: NOWHERE });
