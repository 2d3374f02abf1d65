import type { Lowering } from "../kernel.ts";
import { pointwise } from "./elementwise.ts";

export const sqrt: Lowering<"sqrt"> = pointwise(1, (cell, x) => cell.call("sqrt", x));
