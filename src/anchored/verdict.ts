import type { Tensor } from "../tensor/tensor.ts";
import type { Certificate, CertificateTerms } from "./certificate.ts";

/** Host numbers for each term, nats. */
export type CertificateMeans = {
  readonly [Name in keyof CertificateTerms]: number;
};

/** What a certificate says, as plain numbers. */
export interface Verdict {
  /** Number of tokens looked at. */
  readonly tokens: number;
  /** Tokens on which stepKl ≤ bound + delta, KL(p_t ‖ q) ≤ bound and, in logit space, the equality
   * hold. They are theorems: fewer than `tokens` means that the numbers are wrong. */
  readonly held: number;
  /** The first token on which one of them fails, in words. */
  readonly violation?: string;
  /** Tokens on which stepKl ≤ bound even without delta, which nothing promises. */
  readonly heldWithoutDelta: number;
  /** Means over the tokens, nats. */
  readonly mean: CertificateMeans;
}

/** Of float64 sums, relative to 1 + the divergence; 1e-15 was seen. */
const TOLERANCE = 1e-9;

/**
 * Reads a certificate that an engine has computed, token by token. Compute it in float64 (the
 * reference engine), also from logits of float32.
 * @param values a certificate of host tensors
 * @param mask one number a token; tokens with 0 are not looked at
 * @param tolerance relative to 1 + the divergence; the default is for float64
 */
export function verdict(
  values: Certificate,
  { mask, tolerance = TOLERANCE }: { mask?: ArrayLike<number>; tolerance?: number } = {},
): Verdict {
  const columns = Object.entries(values.tokens).map(
    ([name, x]) => [name, (x as Tensor).data] as const,
  );
  const count = values.tokens.stepKl.data.length;
  const kept = Array.from({ length: count }, (_, i) => i).filter((i) => mask?.[i] !== 0);
  const token = (i: number) =>
    Object.fromEntries(columns.map(([name, data]) => [name, data[i]])) as CertificateMeans;
  const failures = kept.map((i) => failure(token(i), i, tolerance));
  const broken = failures.filter((f) => f !== undefined);
  const mean = columns.map(([name, data]) => [name, meanAt(data, kept)]);
  return {
    tokens: kept.length,
    held: kept.length - broken.length,
    ...(broken[0] !== undefined && { violation: broken[0] }),
    heldWithoutDelta: kept.filter((i) => {
      const { stepKl, bound } = token(i);
      return stepKl <= bound + tolerance * (1 + bound);
    }).length,
    mean: Object.fromEntries(mean) as CertificateMeans,
  };
}

/**
 * As `verdict`, for those who rely on it.
 * @throws RangeError naming the first token on which the certificate is violated
 */
export function checkCertificate(...args: Parameters<typeof verdict>): Verdict {
  const result = verdict(...args);
  if (result.violation !== undefined) throw new RangeError(`certificate: ${result.violation}`);
  return result;
}

/** What is wrong with one token, if anything. */
function failure(terms: CertificateMeans, index: number, tolerance: number): string | undefined {
  const { stepKl, bound, delta, anchorKl, psi } = terms;
  const within = (left: number, right: number) =>
    left <= right + tolerance * (1 + Math.max(Math.abs(left), Math.abs(right)));
  const wrong = (expected: string, left: number, right: number) =>
    `expected ${expected} at token ${index}, got ${left} and ${right}`;
  if (!within(stepKl, bound + delta)) return wrong("stepKl ≤ bound + delta", stepKl, bound + delta);
  if (!within(anchorKl, bound)) return wrong("anchorKl ≤ bound", anchorKl, bound);
  if (psi === undefined) return undefined;
  const exact = bound + psi + delta;
  if (!within(stepKl, exact) || !within(exact, stepKl))
    return wrong("stepKl = bound + psi + delta", stepKl, exact);
  return undefined;
}

function meanAt(data: ArrayLike<number>, kept: readonly number[]): number {
  let total = 0;
  for (const i of kept) total += data[i] as number;
  return total / kept.length;
}
