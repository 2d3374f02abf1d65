import { key, stream } from "../../tensor/random.ts";
import { at } from "../../tensor/shapes.ts";

/** With more differences than that some sign flips stand for all of them. */
const ALL_UP_TO = 20;
const DRAWN = 20_000;

/**
 * Two-sided sign-flip test of paired differences: how often flips of their signs give a sum that is
 * at least as far from zero as theirs. Exact where all 2ⁿ flips are counted, which is up to 20
 * differences; beyond, 20,000 are drawn from a fixed seed, and the p-value is still valid. If
 * neither row is better, so that each difference may as well have the other sign, P(p ≤ a) ≤ a for
 * every a, whatever the distribution. With n differences p is at least 2^(1−n).
 * @param differences finite numbers, one a seed
 * @returns undefined for no difference
 * @see Fisher, The Design of Experiments (1935), section 21
 */
export function signFlipTest(differences: readonly number[]): number | undefined {
  const n = differences.length;
  if (n === 0) return undefined;
  const sizes = differences.map(Math.abs);
  const total = sizes.reduce((sum, x) => sum + x, 0);
  // Sums of the same numbers in another order are equal but for rounding.
  const least = Math.abs(differences.reduce((sum, x) => sum + x, 0)) - 1e-12 * total;
  if (n > ALL_UP_TO) return drawnFlips(sizes, least);
  let [sum, count] = [total, 0];
  const signs = sizes.map(() => 1);
  // Gray code: each flip differs from the one before in one sign.
  for (let flip = 0; flip < 2 ** n; flip++) {
    if (flip > 0) {
      const i = Math.log2(flip & -flip);
      signs[i] = -at(signs, i);
      sum += 2 * at(signs, i) * at(sizes, i);
    }
    if (Math.abs(sum) >= least) count++;
  }
  return count / 2 ** n;
}

function drawnFlips(sizes: readonly number[], least: number): number {
  const next = stream(key(sizes.length));
  let count = 0;
  for (let draw = 0; draw < DRAWN; draw++) {
    const sum = sizes.reduce((all, x) => all + (next() < 0.5 ? x : -x), 0);
    if (Math.abs(sum) >= least) count++;
  }
  // The flip that was observed is one of them.
  return (count + 1) / (DRAWN + 1);
}

/**
 * Holm's step-down adjustment: whoever rejects all hypotheses with an adjusted p ≤ a makes an error
 * among them with a probability of at most a, however they depend on each other.
 * @param ps p-values
 * @returns adjusted ones, in the same order, at least as large and at most 1
 * @see Holm, A Simple Sequentially Rejective Multiple Test Procedure (1979)
 */
export function holm(ps: readonly number[]): number[] {
  const order = [...ps.keys()].sort((a, b) => at(ps, a) - at(ps, b));
  const adjusted = ps.map(() => 1);
  let largest = 0;
  for (const [rank, i] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (ps.length - rank) * at(ps, i)));
    adjusted[i] = largest;
  }
  return adjusted;
}
