import type { Lowering } from "../kernel.ts";
import { pointwise } from "./elementwise.ts";

export const sqrt: Lowering<"sqrt"> = pointwise(1, (_, x) => `Math.sqrt(${x})`);
