import type { Lowering } from "../kernel.ts";
import { pointwise } from "./elementwise.ts";

export const select: Lowering<"select"> = pointwise(
  3,
  (_, condition, a, b) => `${condition} == 0 ? ${b} : ${a}`,
);
