import type { Lowering } from "../kernel.ts";
import { pointwise } from "./elementwise.ts";

export const less: Lowering<"less"> = pointwise(2, (cell, a, b) => cell.call("less", a, b));
