import { expectedRatio } from "../../anchored/targets/hostRows.ts";
import type { Vocabulary } from "../../tasks/study/vocabulary.ts";
import { exp } from "../../tensor/portable.ts";
import { at } from "../../tensor/shapes.ts";
import type { PromptResponse } from "../../train/examples.ts";
import type { StudyData } from "../data.ts";
import type { TokenView } from "../measurements.ts";
import { type LogProbRows, likeliest, rowOf, tokensOf } from "./closeness.ts";

/** A token whose distribution is worth a look. */
export interface Watched {
  readonly name: TokenView["name"];
  readonly example: PromptResponse;
  /** Its position in the example's response. */
  readonly position: number;
}

/**
 * Tokens to watch in a study: the first of a target's answer, where the style is decided; the first
 * of a training example's sign-off, where there is one; and the one of a prior skill at which p_sft
 * is farthest from the base.
 * @param farthest the last of them
 */
export function watchedTokens(
  { target, training }: StudyData,
  signOff: number,
  farthest?: Omit<Watched, "name">,
): Watched[] {
  const [asked, trained] = [target[0], training[0]] as [PromptResponse, PromptResponse];
  // A sign-off ends before the stop token.
  const position = trained.response.length - 1 - signOff;
  return [
    { name: "style", example: asked, position: 0 },
    ...(signOff > 0 ? [{ name: "sign-off", example: trained, position } as const] : []),
    ...(farthest ? [{ name: "prior", ...farthest } as const] : []),
  ];
}

/** The response token at which KL(base ‖ other) is largest. */
export function farthestToken(
  examples: readonly PromptResponse[],
  base: LogProbRows,
  other: LogProbRows,
): Omit<Watched, "name"> {
  let [most, farthest] = [-Infinity, 0];
  for (let token = 0; token < tokensOf(base); token++) {
    const row = rowOf(base, token);
    const divergence = expectedRatio(row, row, rowOf(other, token));
    if (divergence > most) [most, farthest] = [divergence, token];
  }
  const index = base.starts.findLastIndex((start) => start <= farthest);
  return {
    example: at(examples, index),
    position: farthest - at(base.starts, index),
  };
}

/** What models say at the response tokens of the watched examples. */
export interface Beheld {
  readonly snapshot: LogProbRows;
  readonly anchor?: LogProbRows | undefined;
  readonly reference?: LogProbRows | undefined;
  readonly next: LogProbRows;
}

/** Symbols of each distribution that are shown. */
const SHOWN = 4;
/** Enough for bars that nobody measures. */
const DIGITS = 5;

/** @param rows all response tokens of the watched examples, one example a watched token */
export function viewTokens(
  watched: readonly Watched[],
  rows: Beheld,
  { asked, decode }: Vocabulary,
): TokenView[] {
  return watched.map(({ name, example, position }, i) => {
    const { prompt, response } = example;
    return {
      name,
      context: [...asked(prompt), ...decode(response.slice(0, position))].join(" "),
      label: decode([at(response, position)]).join(),
      ...sharesAt(rows, at(rows.snapshot.starts, i) + position, decode),
    };
  });
}

/** One token's distributions, over the symbols that matter to it. */
export type TokenShares = Omit<TokenView, "name" | "context" | "label">;

/** @param token its row, in all of `rows` */
export function sharesAt(rows: Beheld, token: number, decode: Vocabulary["decode"]): TokenShares {
  const of = (from: LogProbRows): Float64Array => rowOf(from, token).map(exp);
  const { anchor, reference } = rows;
  const snapshot = of(rows.snapshot);
  const others = { anchor: anchor && of(anchor), reference: reference && of(reference) };
  const next = of(rows.next);
  const all = [snapshot, others.anchor, others.reference, next];
  const shown = [...new Set(all.flatMap((share) => (share ? likeliest(share, SHOWN) : [])))];
  shown.sort((a, b) => at(snapshot, b) - at(snapshot, a));
  const pick = (share: Float64Array): number[] =>
    shown.map((id) => Number(at(share, id).toFixed(DIGITS)));
  return {
    symbols: shown.map((id) => decode([id]).join(" ")),
    snapshot: pick(snapshot),
    ...(others.anchor && { anchor: pick(others.anchor) }),
    ...(others.reference && { reference: pick(others.reference) }),
    next: pick(next),
  };
}
