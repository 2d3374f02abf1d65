import { expectKnown } from "../../tensor/options.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Interpolation } from "../objectives/interpolations.ts";
import type { Certificate, CertificateTerms } from "./certificate.ts";

/** Host numbers for each term, nats. */
export type CertificateMeans = {
  readonly [Name in keyof CertificateTerms]: number;
};

/** Host numbers for each term at each token, nats. */
export type CertificateColumns = {
  readonly [Name in keyof CertificateTerms]: ArrayLike<number>;
};

/** What a certificate says, as plain numbers. */
export interface Verdict {
  /** Number of tokens looked at. */
  readonly tokens: number;
  /** Tokens on which what is promised holds: KL(p_t ‖ p_{t+1}) = KL(p_t ‖ q) + delta, and where the
   * anchor lies on a path that has it the linear bound KL(p_t ‖ q) ≤ bound, so that
   * stepKl ≤ bound + delta; in logit space KL(p_t ‖ q) = bound + psi. They are theorems: fewer than
   * `tokens` means that the numbers are wrong. */
  readonly held: number;
  /** The first token on which one of them fails, in words. */
  readonly violation?: string;
  /** Tokens on which stepKl ≤ bound even without delta, which nothing promises. */
  readonly heldWithoutDelta: number;
  /** The least that any token leaves of its bound: min (bound + delta − stepKl), nats. */
  readonly leastSlack: number;
  /** Means over the tokens, nats. */
  readonly mean: CertificateMeans;
}

/** Which tokens `checkCertificate` looks at, and how exactly. */
export interface VerdictOptions {
  /** One number a token; tokens with 0 are not looked at. */
  readonly mask?: ArrayLike<number>;
  /** Relative to 1 + the divergence, for all tokens or for each; the default is for float64. */
  readonly tolerance?: number | ((token: number) => number);
  /** Whether the anchor lies where the linear bound holds; true by default. */
  readonly linear?: boolean;
  /** Names a token in messages; `token 3` by default. */
  readonly nameOf?: (token: number) => string;
}

/** Of float64 sums, relative to 1 + the divergence; 1e-15 was seen. */
export const TOLERANCE = 1e-9;

/**
 * Whether KL(p ‖ q) ≤ α·KL(p ‖ s) holds on a path, and KL(r ‖ q) ≤ (1−α)·KL(r ‖ p) + α·KL(r ‖ s)
 * for any r: on the power means from the geometric to the arithmetic one. There the mean is at least
 * the geometric one, token by token, and it sums to at most 1: log q ≥ (1−α)·log p + α·log s.
 */
export const hasLinearBound = (path: Interpolation): boolean =>
  typeof path === "string" || (path.power >= 0 && path.power <= 1);

/**
 * Reads a certificate that an engine has computed, token by token. Compute it in float64 (the
 * reference engine), also from logits of float32.
 * @param values a certificate of host tensors
 */
export function verdict(values: Certificate, options: VerdictOptions = {}): Verdict {
  expectKnown("verdict", options, ["mask", "tolerance", "linear", "nameOf"]);
  const columns = Object.entries(values.tokens).map(([name, x]) => [name, (x as Tensor).data]);
  return verdictOf(Object.fromEntries(columns) as CertificateColumns, options);
}

/** As `verdict`, from the numbers themselves. */
export function verdictOf(columns: CertificateColumns, options: VerdictOptions = {}): Verdict {
  const { mask, tolerance = TOLERANCE, linear = true, nameOf = (i) => `token ${i}` } = options;
  const toleranceOf = typeof tolerance === "number" ? () => tolerance : tolerance;
  const kept = Array.from(columns.stepKl, (_, i) => i).filter((i) => mask?.[i] !== 0);
  const names = Object.keys(columns) as (keyof CertificateColumns)[];
  const sums = Object.fromEntries(names.map((name) => [name, 0]));
  let [held, heldWithoutDelta, leastSlack] = [0, 0, Infinity];
  let violation: string | undefined;
  for (const i of kept) {
    const pairs = names.map((name) => [name, columns[name]?.[i] as number] as const);
    for (const [name, x] of pairs) sums[name] = (sums[name] as number) + x;
    const terms = Object.fromEntries(pairs) as CertificateMeans;
    const allowed = toleranceOf(i);
    const wrong = failure(terms, linear, allowed);
    if (wrong === undefined) held++;
    else violation ??= wrong.replace("@", nameOf(i));
    const { stepKl, bound, delta } = terms;
    if (within(stepKl, bound, allowed)) heldWithoutDelta++;
    leastSlack = Math.min(leastSlack, bound + delta - stepKl);
  }
  const mean = names.map((name) => [name, (sums[name] as number) / kept.length]);
  return {
    tokens: kept.length,
    held,
    ...(violation !== undefined && { violation }),
    heldWithoutDelta,
    leastSlack,
    mean: Object.fromEntries(mean) as CertificateMeans,
  };
}

/**
 * As `verdict`, for those who rely on it.
 * @throws RangeError naming the first token on which the certificate is violated
 */
export function checkCertificate(...args: Parameters<typeof verdict>): Verdict {
  return expectHeld(verdict(...args));
}

/** @throws RangeError naming the first token on which the certificate is violated */
export function expectHeld(result: Verdict): Verdict {
  if (result.violation !== undefined) throw new RangeError(`certificate: ${result.violation}`);
  return result;
}

/** left ≤ right, up to rounding. False for what is not a number. */
export const within = (left: number, right: number, tolerance: number = TOLERANCE): boolean =>
  left <= right + tolerance * (1 + Math.max(Math.abs(left), Math.abs(right)));

/** What is wrong with one token, if anything; `@` stands for its name. */
function failure(terms: CertificateMeans, linear: boolean, tolerance: number): string | undefined {
  const { stepKl, bound, delta, anchorKl, psi } = terms;
  const below = (left: number, right: number) => within(left, right, tolerance);
  const wrong = (expected: string, left: number, right: number) =>
    `expected ${expected} at @, got ${left} and ${right}`;
  if (linear && !below(stepKl, bound + delta))
    return wrong("stepKl ≤ bound + delta", stepKl, bound + delta);
  if (linear && !below(anchorKl, bound)) return wrong("anchorKl ≤ bound", anchorKl, bound);
  const exact = psi === undefined ? anchorKl + delta : bound + psi + delta;
  if (!below(stepKl, exact) || !below(exact, stepKl))
    return wrong(
      `stepKl = ${psi === undefined ? "anchorKl" : "bound + psi"} + delta`,
      stepKl,
      exact,
    );
  return undefined;
}
