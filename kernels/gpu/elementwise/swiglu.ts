import type { Lowering } from "../kernel.ts";
import { pointwise } from "./elementwise.ts";

export const swiglu: Lowering<"swiglu"> = pointwise(
  2,
  (cell, gate, up) => `${gate} * ${cell.call("sigmoid", gate)} * ${up}`,
);

export const swigluGradGate: Lowering<"swigluGradGate"> = pointwise(3, (cell, g, gate, up) => {
  const s = cell.declare(cell.call("sigmoid", gate));
  return `${g} * ${up} * ${s} * (1 + ${gate} * (1 - ${s}))`;
});
