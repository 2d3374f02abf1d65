import type { Lowering } from "../kernel.ts";
import { pointwise } from "./elementwise.ts";

export const less: Lowering<"less"> = pointwise(2, (_, a, b) => `${a} < ${b} ? 1 : 0`);
