import type { Lowering } from "../kernel.ts";
import { pointwise } from "./elementwise.ts";

export const neg: Lowering<"neg"> = pointwise(1, (_, x) => `-${x}`);
