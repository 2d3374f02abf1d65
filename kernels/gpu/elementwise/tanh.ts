import type { Lowering } from "../kernel.ts";
import { pointwise } from "./elementwise.ts";

export const tanh: Lowering<"tanh"> = pointwise(1, (cell, x) => cell.call("tanh", x));
