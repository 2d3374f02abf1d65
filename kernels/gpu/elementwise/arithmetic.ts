import type { Lowering } from "../kernel.ts";
import { pointwise } from "./elementwise.ts";

export const add: Lowering<"add"> = pointwise(2, (_, a, b) => `${a} + ${b}`);
export const sub: Lowering<"sub"> = pointwise(2, (_, a, b) => `${a} - ${b}`);
export const mul: Lowering<"mul"> = pointwise(2, (_, a, b) => `${a} * ${b}`);
export const div: Lowering<"div"> = pointwise(2, (_, a, b) => `${a} / ${b}`);
export const neg: Lowering<"neg"> = pointwise(1, (_, x) => `-${x}`);
export const abs: Lowering<"abs"> = pointwise(1, (_, x) => `Math.abs(${x})`);

export const mulNoNan: Lowering<"mulNoNan"> = pointwise(
  2,
  (_, a, b) => `${a} == 0 ? 0 : ${a} * ${b}`,
);
