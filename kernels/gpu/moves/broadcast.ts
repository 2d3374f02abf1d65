import { stridesOf } from "../../../src/tensor/shapes.ts";
import type { Lowering } from "../kernel.ts";
import { strided } from "./strided.ts";

export const broadcast: Lowering<"broadcast"> = ({ shapes: [x = []], shape, wide }) => {
  const strides = stridesOf(x);
  return [
    strided(
      wide,
      shape,
      strides.map((stride, i) => (x[i] === 1 ? 0 : stride)),
    ),
  ];
};
