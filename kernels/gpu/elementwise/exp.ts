import type { Lowering } from "../kernel.ts";
import { pointwise } from "./elementwise.ts";

export const exp: Lowering<"exp"> = pointwise(1, (cell, x) => cell.call("exp", x));
