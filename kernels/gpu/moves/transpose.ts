import { at, stridesOf } from "../../../src/tensor/shapes.ts";
import type { Lowering } from "../kernel.ts";
import { strided } from "./strided.ts";

export const transpose: Lowering<"transpose"> = ({ shapes: [x], shape, attrs, wide }) => {
  const strides = stridesOf(x ?? []);
  return [
    strided(
      wide,
      shape,
      attrs.permutation.map((axis) => at(strides, axis)),
    ),
  ];
};
