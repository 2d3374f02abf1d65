import { promptsNeeded, type Risk } from "../../anchored/certificates/retention.ts";
import { DataError } from "../../tensor/errors.ts";
import { fold, key, permutation } from "../../tensor/random.ts";
import { at } from "../../tensor/shapes.ts";
import type { PromptResponse } from "../../train/examples.ts";
import { keys } from "./training.ts";

/** Retained rows in two halves that share no prompt. */
export interface RetainedHalves<T extends PromptResponse = PromptResponse> {
  /** By which the weight is planned, and at which runs look. */
  readonly plan: readonly T[];
  /** On which the student is audited, and which nothing else looks at. */
  readonly audit: readonly T[];
  /** Rows with a prompt that an earlier one has, and with one too long for an answer behind it. */
  readonly repeated: number;
  readonly tooLong: number;
}

/**
 * Splits retained rows at random, the same way for the same seed and rows.
 * @param prompts each with what follows it; prompts are compared, what follows is not
 * @param room most tokens of a prompt
 * @throws DataError naming the file, for too few different prompts
 */
export function splitRetained<T extends PromptResponse>(
  prompts: readonly T[],
  { seed, risk, room, path }: SplitOptions,
): RetainedHalves<T> {
  const different = [
    ...new Map(prompts.toReversed().map((one) => [`${one.prompt}`, one])).values(),
  ].toReversed();
  const fitting = different.filter(({ prompt }) => prompt.length <= room);
  const needed = promptsNeeded(risk);
  if (fitting.length < 2 * needed)
    throw new DataError(
      `${path}: expected at least ${2 * needed} rows with prompts of their own, ${needed} to plan by and ${needed} to audit, for a risk of ${risk.risk} with confidence ${risk.confidence}, got ${fitting.length}`,
    );
  const order = permutation(fold(key(seed), keys.retain), fitting.length);
  const half = Math.ceil(fitting.length / 2);
  const taken = (places: readonly number[]): T[] => places.map((place) => at(fitting, place));
  return {
    plan: taken(order.slice(0, half)),
    audit: taken(order.slice(half)),
    repeated: prompts.length - different.length,
    tooLong: different.length - fitting.length,
  };
}

export interface SplitOptions {
  readonly seed: number;
  readonly risk: Required<Risk>;
  readonly room: number;
  /** The file's, for messages. */
  readonly path: string;
}

/** What the plan says of the halves. */
export function retainedNotes(
  { plan, audit, repeated, tooLong }: RetainedHalves,
  risk: Required<Risk>,
): readonly string[] {
  const left = [
    ...(repeated > 0 ? [`${repeated} with a prompt that stood before`] : []),
    ...(tooLong > 0 ? [`${tooLong} without room for an answer`] : []),
  ];
  return [
    `of the retained prompts ${plan.length} plan the weight (risk ${risk.risk}, confidence ${risk.confidence}) and ${audit.length} others, drawn by the seed, audit the student; the two share none${left.length > 0 ? `; left out: ${left.join(", ")}` : ""}`,
  ];
}
