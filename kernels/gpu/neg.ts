import { pointwise } from "./elementwise.ts";
import type { Lowering } from "./kernel.ts";

export const neg: Lowering<"neg"> = pointwise(1, (_, x) => `-${x}`);
