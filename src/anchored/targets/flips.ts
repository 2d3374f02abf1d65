import { exp, expm1, log1p } from "../../tensor/portable.ts";

/** How the likeliest token changes on the way from one model to another. */
export interface Flip {
  /** The first model's likeliest token. */
  readonly from: number;
  /** The second model's. */
  readonly to: number;
  /** The anchor prefers `from` up to this weight, and another token at once above it; Infinity
   * where it never prefers another. */
  readonly leaves: number;
  /** The anchor prefers `to` from this weight on; at least `leaves`, and equal to it unless a third
   * token is the likeliest between. −Infinity where it always prefers it. */
  readonly arrives: number;
}

/**
 * At which weights a of the second model the likeliest token of the logit anchor changes: exactly,
 * over the whole vocabulary. The anchor's logits (1 − a)·p_k + a·s_k are straight lines over a, of
 * which the likeliest token is the uppermost.
 * @param p logits or log-probabilities of the first model, [V]
 * @param s those of the second, [V]
 * @see flipThreshold, which both are where there are but two tokens
 */
export function flipOf(p: ArrayLike<number>, s: ArrayLike<number>): Flip {
  const [from, to] = [likeliestOf(p), likeliestOf(s)];
  if (from === to) return { from, to, leaves: Infinity, arrives: -Infinity };
  let leaves = Infinity;
  let arrives = -Infinity;
  for (let k = 0; k < p.length; k++) {
    leaves = Math.min(leaves, flipThreshold(p, s, from, k) ?? Infinity);
    arrives = Math.max(arrives, flipThreshold(p, s, k, to) ?? -Infinity);
  }
  return { from, to, leaves, arrives };
}

/**
 * The weight at which token j comes to be as likely as i: m_p / (m_p + m_s) with the margins
 * m_p = p_i − p_j and m_s = s_j − s_i. A habit that the first model finds only a little less likely
 * than its own is taken over early, one that is alien to it late.
 * @returns undefined where j does not gain on i
 */
export function flipThreshold(
  p: ArrayLike<number>,
  s: ArrayLike<number>,
  i: number,
  j: number,
): number | undefined {
  const mine = (p[i] as number) - (p[j] as number);
  const theirs = (s[j] as number) - (s[i] as number);
  return mine + theirs > 0 ? mine / (mine + theirs) : undefined;
}

/** The likeliest token, of equals the one with the smallest id. */
export function likeliestOf(row: ArrayLike<number>): number {
  let best = 0;
  for (let k = 1; k < row.length; k++) if ((row[k] as number) > (row[best] as number)) best = k;
  return best;
}

/**
 * κ = p1·ln(2·p1/(p1+p2)) + p2·ln(2·p2/(p1+p2)) of the two likeliest tokens, nats: KL(p ‖ p′) ≥ κ for
 * every p′ with another likeliest token, and no more is needed. So where KL(p ‖ p′) < κ at all tokens of
 * an answer that p gives greedily, p′ gives it too.
 * @param logP log-probabilities, [V]
 */
export function flipDivergence(logP: ArrayLike<number>): number {
  let [first, second] = [-Infinity, -Infinity];
  for (let k = 0; k < logP.length; k++) {
    const x = logP[k] as number;
    if (x > first) [first, second] = [x, first];
    else if (x > second) second = x;
  }
  if (second === -Infinity) return Math.LN2 * exp(first);
  const gap = second - first;
  // By 1 − p2/p1, which near a tie has digits that p1 + p2 has not.
  return exp(first) * (exp(gap) * gap - (1 + exp(gap)) * log1p(expm1(gap) / 2));
}
