import { pointwise } from "./elementwise.ts";
import type { Lowering } from "./kernel.ts";

export const mul: Lowering<"mul"> = pointwise(2, (_, a, b) => `${a} * ${b}`);
