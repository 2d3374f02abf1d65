import type { Lowering } from "../kernel.ts";
import { pointwise } from "./elementwise.ts";

export const sub: Lowering<"sub"> = pointwise(2, (_, a, b) => `${a} - ${b}`);
