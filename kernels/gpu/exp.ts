import { pointwise } from "./elementwise.ts";
import type { Lowering } from "./kernel.ts";

export const exp: Lowering<"exp"> = pointwise(1, (_, x) => `Math.exp(${x})`);
