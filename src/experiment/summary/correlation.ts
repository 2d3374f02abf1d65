import { key, stream } from "../../tensor/random.ts";
import { at } from "../../tensor/shapes.ts";
import { mean } from "./statistics.ts";

/** Places in ascending order from 1; equal values share the mean of theirs. */
function ranks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => at(values, a) - at(values, b));
  const places = values.map(() => 0);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && at(values, at(order, to)) === at(values, at(order, from))) to++;
    for (let i = from; i < to; i++) places[at(order, i)] = (from + 1 + to) / 2;
    from = to;
  }
  return places;
}

function pearson(xs: readonly number[], ys: readonly number[]): number {
  const [mx, my] = [mean(xs), mean(ys)];
  let [xy, xx, yy] = [0, 0, 0];
  for (const [i, x] of xs.entries()) {
    const [dx, dy] = [x - mx, at(ys, i) - my];
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xy / Math.sqrt(xx * yy);
}

/** Spearman's rank correlation, NaN where one of the two does not vary. */
export const spearman = (xs: readonly number[], ys: readonly number[]): number =>
  pearson(ranks(xs), ranks(ys));

const DRAWN = 500;

/**
 * Spearman's correlation with the 95 % percentile interval over resampled pairs, from a fixed seed.
 * What varies there are the rows that happen to have been run: another set of methods may give
 * another law.
 * @returns undefined for fewer than four pairs
 */
export function spearmanInterval(
  xs: readonly number[],
  ys: readonly number[],
): { readonly value: number; readonly low: number; readonly high: number } | undefined {
  const n = xs.length;
  if (n < 4) return undefined;
  const next = stream(key(n));
  const drawn = Array.from({ length: DRAWN }, () => {
    const chosen = xs.map(() => Math.floor(next() * n));
    return spearman(
      chosen.map((i) => at(xs, i)),
      chosen.map((i) => at(ys, i)),
    );
  })
    .filter((r) => !Number.isNaN(r))
    .sort((a, b) => a - b);
  const quantile = (share: number): number =>
    drawn[Math.round(share * (drawn.length - 1))] ?? Number.NaN;
  return { value: spearman(xs, ys), low: quantile(0.025), high: quantile(0.975) };
}

/** y = a + b·x + c·x². */
export type Quadratic = (x: number) => number;

/**
 * The least-squares parabola through some points; undefined for fewer than three different x.
 * Solved in orthogonal polynomials over the points, which do not cancel as powers of x do.
 */
export function quadraticFit(xs: readonly number[], ys: readonly number[]): Quadratic | undefined {
  if (new Set(xs).size < 3) return undefined;
  const center = mean(xs);
  const square = mean(xs.map((x) => (x - center) ** 2));
  const skew = mean(xs.map((x) => (x - center) ** 3)) / square;
  const terms: readonly Quadratic[] = [
    () => 1,
    (x) => x - center,
    (x) => (x - center) ** 2 - skew * (x - center) - square,
  ];
  const weights = terms.map((term) => {
    const values = xs.map(term);
    const norm = values.reduce((sum, v) => sum + v * v, 0);
    return values.reduce((sum, v, i) => sum + v * at(ys, i), 0) / norm;
  });
  return (x) => terms.reduce((sum, term, i) => sum + at(weights, i) * term(x), 0);
}

/** 1 − squared error / squared deviation from the mean: negative for a fit that is worse than it. */
export function explained(curve: Quadratic, xs: readonly number[], ys: readonly number[]): number {
  const center = mean(ys);
  const error = xs.reduce((sum, x, i) => sum + (at(ys, i) - curve(x)) ** 2, 0);
  return 1 - error / ys.reduce((sum, y) => sum + (y - center) ** 2, 0);
}
