import type { Lowering } from "../kernel.ts";
import { pointwise } from "./elementwise.ts";

export const abs: Lowering<"abs"> = pointwise(1, (_, x) => `Math.abs(${x})`);
