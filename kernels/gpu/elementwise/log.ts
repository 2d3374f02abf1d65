import type { Lowering } from "../kernel.ts";
import { logOf } from "../math.ts";
import { pointwise } from "./elementwise.ts";

/** Of 0 it is −∞ (some GPUs have −88 there), which kernels write as the largest float. */
export const log: Lowering<"log"> = pointwise(
  1,
  (cell, x) => `${x} == 0 ? -Infinity : ${logOf(cell, x)}`,
);
