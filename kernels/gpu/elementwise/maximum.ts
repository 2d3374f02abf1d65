import type { Lowering } from "../kernel.ts";
import { pointwise } from "./elementwise.ts";

export const maximum: Lowering<"maximum"> = pointwise(2, (cell, a, b) =>
  cell.call("maximum", a, b),
);
