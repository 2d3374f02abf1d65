import type { Cell } from "./kernel.ts";

/**
 * eˣ for x that may be large: GPUs do not agree on what overflow gives, and infinity / infinity
 * is no number.
 */
export const boundedExp = (x: string): string => `Math.exp(Math.min(${x}, 87))`;

/** 1 / (1 + e⁻ˣ). */
export const sigmoid = (cell: Cell, x: string): string =>
  cell.declare(`1 / (1 + ${boundedExp(`-(${x})`)})`);

/**
 * The hyperbolic tangent: GLSL's own gives NaN at ±100, and (1 − t)/(1 + t) alone loses all digits
 * near 0, where the series to x⁹ is exact to float32.
 */
export function tanhOf(cell: Cell, x: string): string {
  const t = cell.declare(`Math.exp(-2 * Math.abs(${x}))`);
  const large = cell.declare(`(1 - ${t}) / (1 + ${t})`);
  const s = cell.declare(`${x} * ${x}`);
  const series = `1 - ${s} * (${1 / 3} - ${s} * (${2 / 15} - ${s} * (${17 / 315} - ${s} * ${62 / 2835})))`;
  const small = cell.declare(`${x} * (${series})`);
  return cell.declare(`${s} < 0.0625 ? ${small} : (${x} < 0 ? -${large} : ${large})`);
}

/** log(x) for x > 0, by 2 artanh((x − 1)/(x + 1)) near 1, where GPUs lose digits. */
export const logOf = (cell: Cell, x: string): string =>
  nearOne(cell, `Math.abs(${x} - 1) < 0.25`, `(${x} - 1) / (${x} + 1)`, x);

/** log(1 + x) for x ≥ 0. */
export const logOnePlus = (cell: Cell, x: string): string =>
  nearOne(cell, `${x} < 0.25`, `${x} / (${x} + 2)`, `1 + ${x}`);

function nearOne(cell: Cell, near: string, ratio: string, x: string): string {
  const z = cell.declare(ratio);
  const s = cell.declare(`${z} * ${z}`);
  const series = `1 + ${s} * (${1 / 3} + ${s} * (0.2 + ${s} * (${1 / 7} + ${s} * ${1 / 9})))`;
  return cell.declare(`${near} ? 2 * ${z} * (${series}) : Math.log(${x})`);
}
