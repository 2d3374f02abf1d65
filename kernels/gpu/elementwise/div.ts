import type { Lowering } from "../kernel.ts";
import { pointwise } from "./elementwise.ts";

export const div: Lowering<"div"> = pointwise(2, (_, a, b) => `${a} / ${b}`);
