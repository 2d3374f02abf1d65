import { pointwise } from "./elementwise.ts";
import type { Lowering } from "./kernel.ts";

export const maximum: Lowering<"maximum"> = pointwise(2, (_, a, b) => `Math.max(${a}, ${b})`);
