import type { Lowering } from "../kernel.ts";
import { sigmoid } from "../math.ts";
import { pointwise } from "./elementwise.ts";

export const swiglu: Lowering<"swiglu"> = pointwise(
  2,
  (cell, gate, up) => `${gate} * ${sigmoid(cell, gate)} * ${up}`,
);

export const swigluGradGate: Lowering<"swigluGradGate"> = pointwise(3, (cell, g, gate, up) => {
  const s = sigmoid(cell, gate);
  return `${g} * ${up} * ${s} * (1 + ${gate} * (1 - ${s}))`;
});
