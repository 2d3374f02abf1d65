import { placeOf, stridesOf } from "../../../src/tensor/shapes.ts";
import type { Lowering } from "../kernel.ts";
import { strided } from "./strided.ts";

export const slice: Lowering<"slice"> = ({ shapes: [x = []], shape, attrs, wide }) => [
  strided(wide, shape, stridesOf(x), { offset: placeOf(attrs.start, x) }),
];
