import type { Cell, Lowering } from "../kernel.ts";
import { pointwise } from "./elementwise.ts";

/** π/2 as numbers of few digits and the rest, so that quarters times the first two is exact. */
const QUARTER = [1.5703125, 4.837512969970703e-4, 7.549789948768648e-8];

/** Of the sine, from r³: −1/3!, 1/5!, …; and of the cosine, from r⁴. */
const SINE = [-1 / 6, 1 / 120, -1 / 5040, 1 / 362880];
const COSINE = [1 / 24, -1 / 720, 1 / 40320, -1 / 3628800];

/**
 * The sine of x + quarters · π/2 by the series of what is left of x without quarter turns: GPUs keep
 * four digits of a sine, and none of a large number's.
 */
function sineOf(cell: Cell, x: string, quarters: number): string {
  const n = cell.declare(`Math.floor(${x} * ${2 / Math.PI} + 0.5)`);
  const r = cell.declare(QUARTER.reduce((rest, part) => `(${rest} - ${n} * ${part})`, x));
  const z = cell.declare(`${r} * ${r}`);
  const series = (terms: readonly number[]): string =>
    terms.slice(0, -1).reduceRight((rest, c) => `${c} + ${z} * (${rest})`, `${terms.at(-1)}`);
  const sine = cell.declare(`${r} + ${r} * ${z} * (${series(SINE)})`);
  const cosine = cell.declare(`1 - 0.5 * ${z} + ${z} * ${z} * (${series(COSINE)})`);
  const turned = `${n} + ${quarters}`;
  const quadrant = cell.declare(`${turned} - 4 * Math.floor((${turned}) * 0.25)`);
  const y = cell.declare(`${quadrant} == 1 || ${quadrant} == 3 ? ${cosine} : ${sine}`);
  return `${quadrant} < 2 ? ${y} : -${y}`;
}

export const cos: Lowering<"cos"> = pointwise(1, (cell, x) => sineOf(cell, x, 1));
export const sin: Lowering<"sin"> = pointwise(1, (cell, x) => sineOf(cell, x, 0));
