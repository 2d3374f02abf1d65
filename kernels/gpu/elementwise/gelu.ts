import type { Cell, Lowering } from "../kernel.ts";
import { pointwise } from "./elementwise.ts";

const CUBIC = 0.044715;
const SCALE = 2 * Math.sqrt(2 / Math.PI);

/** ½(1 + tanh u) is the sigmoid of 2u, which keeps its digits where tanh is close to −1. */
const gateOf = (cell: Cell, x: string): string =>
  cell.declare(cell.call("sigmoid", `${x} * (${SCALE} + ${SCALE * CUBIC} * ${x} * ${x})`));

export const gelu: Lowering<"gelu"> = pointwise(1, (cell, x) => `${x} * ${gateOf(cell, x)}`);

export const geluGrad: Lowering<"geluGrad"> = pointwise(2, (cell, g, x) => {
  const s = gateOf(cell, x);
  // Beyond ±12 s(1 − s) is 0, and x² may overflow.
  const near = cell.declare(`Math.max(-12, Math.min(${x}, 12))`);
  const slope = `(${SCALE} + ${3 * SCALE * CUBIC} * ${near} * ${near})`;
  return `${g} * ${s} * (1 + ${near} * (1 - ${s}) * ${slope})`;
});
