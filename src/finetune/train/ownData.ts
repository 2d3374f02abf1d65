import { ownAnswers, ownReplay, ownTexts } from "../../anchored/selfData.ts";
import { extract, match } from "../../tasks/finalAnswer.ts";
import { DataError } from "../../tensor/errors.ts";
import { fold } from "../../tensor/random.ts";
import { type Example, lengthOf, sequenceOf, spansOf } from "../../train/examples.ts";
import { startOf } from "../reader.ts";
import type { Prepared } from "./prepared.ts";
import { keys } from "./training.ts";

/** Texts that the base writes to be rehearsed, at most. */
const TEXTS = 512;

/**
 * What is about to be trained on, with the base's own words where the recipe asks for them. Made again,
 * to the same tokens, where a run is gone on with.
 * @throws DataError where no answer can be told to be right, or no token begins a text
 */
export async function withOwnData(prepared: Prepared): Promise<Prepared> {
  const { recipe, data, engine, base, loaded } = prepared;
  const [stopToken] = loaded.stopTokens;
  const key = fold(prepared.key, keys.own);
  const speaking = { ...base, ...(stopToken !== undefined && { stopToken }) };
  let { train, replay } = data;
  if (recipe.selfAnswers > 0) {
    const isRight = judgeOf(prepared);
    const asked = { ...speaking, data: train.examples, samples: recipe.selfAnswers, isRight };
    const own = await ownAnswers(engine, { ...asked, key: fold(key, 0) });
    train = { ...train, examples: own.data.map(sequenceOf) };
  }
  const rehearsing = { ...speaking, key: fold(key, 1) };
  if (recipe.replayFrom === "answers")
    replay = await ownReplay(engine, { ...rehearsing, data: replay });
  else if (recipe.replayFrom === "base") {
    const maxNewTokens = Math.max(...train.examples.map(lengthOf));
    const count = Math.min(TEXTS, train.examples.length);
    const asked = { ...rehearsing, start: [startOf(loaded)], count, maxNewTokens };
    replay = await ownTexts(engine, asked);
  }
  return { ...prepared, data: { ...data, train, replay } };
}

/** Judges answers by the final number of the data's; only of one answer to one prompt. */
function judgeOf({ loaded: { tokenizer }, data, recipe }: Prepared) {
  const text = (ids: readonly number[]): string =>
    tokenizer?.decode(ids, { skipSpecialTokens: true }) ?? "";
  const given = (example: Example): string => {
    const [span, ...others] = spansOf(example);
    if (!span || others.length > 0) return "";
    return text(sequenceOf(example).tokens.slice(span[0] + 1, span[1] + 1));
  };
  const rule = { rule: "tolerant" } as const;
  if (!data.train.examples.some((example) => extract(given(example), rule) !== undefined))
    throw new DataError(
      `${recipe.data}: expected answers with a final number, by which selfAnswers are told to be right, got none`,
    );
  return (example: Example, answer: readonly number[]): boolean =>
    match(text(answer), given(example), rule);
}
