import { type DType, type Shape, Tensor } from "../../src/tensor/tensor.ts";

/** The `index`-th argument of a traced function. */
export const argument = (index: number, shape: Shape, dtype: DType = "float"): Tensor =>
  new Tensor("placeholder", shape, dtype, [], { index });
