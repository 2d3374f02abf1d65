import type { Lowering } from "../kernel.ts";
import { pointwise } from "./elementwise.ts";

export const cos: Lowering<"cos"> = pointwise(1, (cell, x) => cell.call("cos", x));
export const sin: Lowering<"sin"> = pointwise(1, (cell, x) => cell.call("sin", x));
