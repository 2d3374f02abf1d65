import { pointwise } from "./elementwise.ts";
import type { Lowering } from "./kernel.ts";

/** Of 0 it is −∞ (some GPUs have −88 there), which kernels write as the largest float. */
export const log: Lowering<"log"> = pointwise(
  1,
  (_, x) => `${x} == 0 ? -Infinity : Math.log(${x})`,
);
