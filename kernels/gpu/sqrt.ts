import { pointwise } from "./elementwise.ts";
import type { Lowering } from "./kernel.ts";

export const sqrt: Lowering<"sqrt"> = pointwise(1, (_, x) => `Math.sqrt(${x})`);
