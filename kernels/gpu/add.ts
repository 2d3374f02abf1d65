import { pointwise } from "./elementwise.ts";
import type { Lowering } from "./kernel.ts";

export const add: Lowering<"add"> = pointwise(2, (_, a, b) => `${a} + ${b}`);
