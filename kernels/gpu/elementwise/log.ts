import type { Lowering } from "../kernel.ts";
import { pointwise } from "./elementwise.ts";

export const log: Lowering<"log"> = pointwise(1, (cell, x) => cell.call("log", x));
