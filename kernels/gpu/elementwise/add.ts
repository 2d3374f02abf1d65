import type { Lowering } from "../kernel.ts";
import { pointwise } from "./elementwise.ts";

export const add: Lowering<"add"> = pointwise(2, (_, a, b) => `${a} + ${b}`);
