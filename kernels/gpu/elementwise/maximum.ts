import type { Lowering } from "../kernel.ts";
import { pointwise } from "./elementwise.ts";

export const maximum: Lowering<"maximum"> = pointwise(2, (_, a, b) => `Math.max(${a}, ${b})`);
