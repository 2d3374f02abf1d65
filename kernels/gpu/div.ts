import { pointwise } from "./elementwise.ts";
import type { Lowering } from "./kernel.ts";

export const div: Lowering<"div"> = pointwise(2, (_, a, b) => `${a} / ${b}`);
