import type { Lowering } from "../kernel.ts";
import { tanhOf } from "../math.ts";
import { pointwise } from "./elementwise.ts";

export const tanh: Lowering<"tanh"> = pointwise(1, tanhOf);
