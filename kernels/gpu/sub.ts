import { pointwise } from "./elementwise.ts";
import type { Lowering } from "./kernel.ts";

export const sub: Lowering<"sub"> = pointwise(2, (_, a, b) => `${a} - ${b}`);
