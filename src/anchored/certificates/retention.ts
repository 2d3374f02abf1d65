import { expectKnown } from "../../tensor/options.ts";

/** How much may be lost, and how sure one wants to be of it. */
export interface Risk {
  /** The largest share of answers that may be lost, in (0, 1). */
  readonly risk: number;
  /** In (0, 1); 0.95 by default. */
  readonly confidence?: number;
}

function checked(op: string, options: Risk): Required<Risk> {
  expectKnown(op, options, ["risk", "confidence"]);
  const { risk, confidence = 0.95 } = options;
  for (const [name, x] of Object.entries({ risk, confidence }))
    if (!(x > 0 && x < 1)) throw new RangeError(`${op}: expected ${name} in (0, 1), got ${x}`);
  return { risk, confidence };
}

function checkCounts(op: string, lost: number, prompts: number): void {
  if (!(Number.isSafeInteger(prompts) && prompts >= 1))
    throw new RangeError(`${op}: expected a positive number of prompts, got ${prompts}`);
  if (!(Number.isSafeInteger(lost) && lost >= 0 && lost <= prompts))
    throw new RangeError(`${op}: expected lost between 0 and ${prompts} prompts, got ${lost}`);
}

/** P(Bin(n, p) ≤ k) for 0 < p < 1, summed from the likeliest term of those so that none underflows. */
function atMost(k: number, n: number, p: number): number {
  if (k >= n) return 1;
  const ratio = p / (1 - p);
  const start = Math.min(k, Math.floor((n + 1) * p));
  let logTerm = n * Math.log1p(-p);
  for (let i = 0; i < start; i++) logTerm += Math.log(((n - i) / (i + 1)) * ratio);
  const first = Math.exp(logTerm);
  let sum = first;
  for (let i = start, term = first; i > 0 && term > 0; i--)
    sum += term *= i / ((n - i + 1) * ratio);
  for (let i = start, term = first; i < k && term > 0; i++)
    sum += term *= ((n - i) / (i + 1)) * ratio;
  return Math.min(1, sum);
}

/**
 * The fewest prompts from which something can be said: the smallest n with (1 − risk)ⁿ ≤ 1 − confidence.
 * @throws RangeError for numbers outside (0, 1)
 * @example
 * promptsNeeded({ risk: 0.05 }); // 59
 */
export function promptsNeeded(options: Risk): number {
  const { risk, confidence } = checked("promptsNeeded", options);
  return Math.ceil(Math.log(1 - confidence) / Math.log1p(-risk));
}

/**
 * How many of n prompts may be lost: the largest k with P(Bin(n, risk) ≤ k) ≤ 1 − confidence.
 * @throws RangeError for fewer than `promptsNeeded`
 */
export const allowedLosses = (prompts: number, options: Risk): number =>
  mostLosses(prompts, options);

/** The same. @param where what has the prompts, for messages */
export function mostLosses(prompts: number, options: Risk, where?: string): number {
  const { risk, confidence } = checked(where ?? "allowedLosses", options);
  checkCounts(where ?? "allowedLosses", 0, prompts);
  const level = 1 - confidence;
  if (atMost(0, prompts, risk) > level)
    throw new RangeError(
      `${where ?? "retention"}: expected at least ${promptsNeeded(options)} prompts for risk ${risk} with confidence ${confidence}, got ${prompts}`,
    );
  let [low, high] = [0, prompts]; // `low` is allowed, `high` is not
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (atMost(middle, prompts, risk) <= level) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * A weight of the reference whose anchor loses at most a share `risk` of answers like these, with the
 * confidence: the (k+1)-th smallest of the thresholds c_i, k = `allowedLosses`, and no more than 1. Each
 * c_i is the weight up to which the anchor keeps answer i whole, on either path (`Flip.leaves`, the least
 * over its tokens). The confidence is over the draw of the prompts, on which nothing else may have been
 * chosen. It speaks about the exact anchor, not about a student that is trained towards it.
 * @param thresholds one for each prompt, Infinity where the answer is never lost
 * @throws RangeError for thresholds of NaN or for too few prompts, with the number needed
 * @see Bates et al. 2021, Distribution-free, risk-controlling prediction sets (arXiv 2101.02703)
 * @example
 * const weight = certifiedWeight(flips.map(({ leaves }) => leaves), { risk: 0.05 });
 */
export function certifiedWeight(thresholds: readonly number[], options: Risk): number {
  const bad = thresholds.find((c) => Number.isNaN(c));
  if (bad !== undefined) throw new RangeError(`certifiedWeight: expected thresholds, got ${bad}`);
  const lost = allowedLosses(thresholds.length, options);
  const sorted = thresholds.toSorted((a, b) => a - b);
  return Math.min(1, Math.max(0, sorted[lost] ?? 1));
}

/**
 * The upper end of Clopper and Pearson's one-sided interval for the share that is lost: the p with
 * P(Bin(n, p) ≤ lost) = 1 − confidence.
 * @throws RangeError for counts that cannot be
 */
export function upperRisk(lost: number, prompts: number, confidence = 0.95): number {
  checkCounts("upperRisk", lost, prompts);
  checked("upperRisk", { risk: 0.5, confidence });
  if (lost === prompts) return 1;
  let [low, high] = [0, 1];
  for (let i = 0; i < 100 && high - low > 1e-15; i++) {
    const middle = (low + high) / 2;
    if (atMost(lost, prompts, middle) > 1 - confidence) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * Audits the outer steps of a run on prompts on which nothing was chosen: they pass in order while no more
 * than `allowedLosses` of the base's answers are lost, and it stops at the first that fails. So the
 * confidence holds for all that passed together.
 * @param lost of the prompts, after each outer step
 * @returns how many outer steps passed
 * @throws RangeError for counts that cannot be, or for too few prompts
 */
export function auditSteps(lost: readonly number[], prompts: number, options: Risk): number {
  for (const count of lost) checkCounts("auditSteps", count, prompts);
  const allowed = allowedLosses(prompts, options);
  const failed = lost.findIndex((count) => count > allowed);
  return failed < 0 ? lost.length : failed;
}
