import { at } from "../../tensor/shapes.ts";
/** What may be said about a weight of p_sft before any anchored training. */

/** Response tokens of fine-tuning up to its sign-off; the sign-off and what ends it; prior skills. */
export type TokenKind = "target" | "sign-off" | "prior";

export const tokenKinds: readonly TokenKind[] = ["target", "sign-off", "prior"];

/** Tokens of one kind. */
export interface TokenFlips {
  readonly tokens: number;
  /** Where base and p_sft prefer different tokens: the weight at which the anchor goes over, in
   * ascending order. To p_sft's choice for the target; away from the base's for the others. */
  readonly thresholds: readonly number[];
}

/** At which weights anchors go over to p_sft's tokens, for each kind of token. */
export type Diagnosis = Readonly<Record<TokenKind, TokenFlips>>;

/** Share of the disputed tokens over which an anchor of this weight goes to p_sft's side; undefined
 * where nothing is disputed. */
export function flippedAt({ thresholds }: TokenFlips, weight: number): number | undefined {
  if (thresholds.length === 0) return undefined;
  let [from, to] = [0, thresholds.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (at(thresholds, middle) < weight) from = middle + 1;
    else to = middle;
  }
  return from / thresholds.length;
}

/** What an anchor of some weight takes over and what it leaves. */
export type Flipped = Readonly<Record<TokenKind, number | undefined>>;

export const flippedOf = (diagnosis: Diagnosis, weight: number): Flipped =>
  Object.fromEntries(
    tokenKinds.map((kind) => [kind, flippedAt(diagnosis[kind], weight)]),
  ) as Flipped;

/**
 * How well a weight tells what is wanted from what is not: the share of the target's disputed tokens
 * that it takes over, less the mean share of the others' (sign-off and prior skills count alike).
 */
export function separation(diagnosis: Diagnosis, weight: number): number {
  const { target = 0, ...others } = flippedOf(diagnosis, weight);
  const unwanted = Object.values(others).filter((share) => share !== undefined);
  return target - unwanted.reduce((sum, share) => sum + share, 0) / Math.max(1, unwanted.length);
}

/** The weight that separates what is wanted from what is not. */
export interface Suggestion {
  /** The middle of the gap. */
  readonly weight: number;
  /** Weights around the best one that separate as well as it, up to `SLACK`. */
  readonly gap: readonly [from: number, to: number];
  readonly separation: number;
  readonly flipped: Flipped;
}

/** Of the separation: a hundredth is no difference that a training run would show. */
const SLACK = 0.01;

/** The weight, of all above 0, in the gap between what is wanted and what is not. */
export function suggest(diagnosis: Diagnosis): Suggestion {
  const inside = tokenKinds
    .flatMap((kind) => diagnosis[kind].thresholds)
    .filter((weight) => weight > 0 && weight < 1);
  const edges = [0, ...new Set(inside.sort((a, b) => a - b)), 1];
  const middle = (i: number): number => (at(edges, i) + at(edges, i + 1)) / 2;
  // Between two thresholds nothing changes.
  const scores = edges.slice(1).map((_, i) => separation(diagnosis, middle(i)));
  const most = Math.max(...scores);
  const width = (from: number, to: number): number => at(edges, to) - at(edges, from);
  let [from, to] = [0, 0];
  for (let i = 0; i < scores.length; ) {
    let end = i;
    while (end < scores.length && at(scores, end) >= most - SLACK) end++;
    if (end > i && scores.slice(i, end).includes(most) && width(i, end) > width(from, to))
      [from, to] = [i, end];
    i = Math.max(end, i + 1);
  }
  const gap = [at(edges, from), at(edges, to)] as const;
  const weight = (gap[0] + gap[1]) / 2;
  return {
    weight,
    gap,
    separation: separation(diagnosis, weight),
    flipped: flippedOf(diagnosis, weight),
  };
}
