import type { Lowering } from "../kernel.ts";
import { pointwise } from "./elementwise.ts";

export const mul: Lowering<"mul"> = pointwise(2, (_, a, b) => `${a} * ${b}`);
