import { stridesOf } from "../../src/tensor/shapes.ts";
import type { Lowering } from "./kernel.ts";
import { strided } from "./strided.ts";

export const transpose: Lowering<"transpose"> = ({ shapes: [x], shape, attrs, packed }) => {
  const strides = stridesOf(x ?? []);
  return [
    strided(
      packed,
      shape,
      attrs.permutation.map((axis) => strides[axis] as number),
    ),
  ];
};
