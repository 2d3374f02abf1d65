import { stridesOf } from "../../src/tensor/shapes.ts";
import type { Lowering } from "./kernel.ts";
import { strided } from "./strided.ts";

export const slice: Lowering<"slice"> = ({ shapes: [x = []], shape, attrs, wide }) => {
  const strides = stridesOf(x);
  const offset = attrs.start.reduce((sum, from, i) => sum + from * (strides[i] as number), 0);
  return [strided(wide, shape, strides, { offset })];
};
