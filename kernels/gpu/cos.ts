import { pointwise } from "./elementwise.ts";
import type { Lowering } from "./kernel.ts";

/** 2π as a float32 with few digits and the rest, so that turns · 2π is subtracted exactly. */
const [TURN, TURN_REST] = [6.28125, 2 * Math.PI - 6.28125];

/** Reduced to one turn: GPUs keep no digits of the cosine of a large number. */
export const cos: Lowering<"cos"> = pointwise(1, (cell, x) => {
  const turns = cell.declare(`Math.floor(${x} * ${1 / (2 * Math.PI)} + 0.5)`);
  return `Math.cos((${x} - ${turns} * ${TURN}) - ${turns} * ${TURN_REST})`;
});
