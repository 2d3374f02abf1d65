import type { Lowering } from "../kernel.ts";
import { pointwise } from "./elementwise.ts";

/** 2π as a number of few digits and the rest, so that turns · 2π is subtracted exactly. */
const [TURN, TURN_REST] = [6.28125, 2 * Math.PI - 6.28125];

/** Of the sine: −1/3!, 1/5!, … */
const SERIES = [-1 / 6, 1 / 120, -1 / 5040, 1 / 362880, -1 / 39916800, 1 / 6227020800];

/**
 * 1 − 2 sin²(x/2), the sine by its series, after whole turns are taken off: GPUs keep four digits
 * of a cosine, and none of a large number's.
 */
export const cos: Lowering<"cos"> = pointwise(1, (cell, x) => {
  const turns = cell.declare(`Math.floor(${x} * ${1 / (2 * Math.PI)} + 0.5)`);
  const half = cell.declare(`0.5 * ((${x} - ${turns} * ${TURN}) - ${turns} * ${TURN_REST})`);
  const square = cell.declare(`${half} * ${half}`);
  const series = SERIES.reduceRight((rest, c) => `${square} * (${c} + ${rest})`, "0");
  const sine = cell.declare(`${half} * (1 + ${series})`);
  return `1 - 2 * ${sine} * ${sine}`;
});
