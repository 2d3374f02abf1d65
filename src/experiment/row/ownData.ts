import { ownAnswers, ownReplay, ownTexts } from "../../anchored/selfData.ts";
import type { LanguageModel } from "../../anchored/targets/languageModel.ts";
import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import { withoutSignOff } from "../../tasks/study/examine.ts";
import { suiteOf, targetOf } from "../../tasks/study/suite.ts";
import type { Vocabulary } from "../../tasks/study/vocabulary.ts";
import { DataError } from "../../tensor/errors.ts";
import { fold, type Key } from "../../tensor/random.ts";
import type { Example } from "../../train/examples.ts";
import type { Recipe, RowSettings } from "../recipe.ts";

/** What a row trains on: the study's data, or what the base writes in its place. */
export interface RowData {
  readonly data: readonly Example[];
  readonly replay: readonly Example[];
}

interface Base {
  readonly model: LanguageModel;
  readonly params: Params;
}

/** Whether an answer is right, whatever signs the data's own off. */
export type Judge = (example: Example, answer: readonly number[]) => boolean;

/** Who writes a row's own data, and how that is read. */
interface Speaking {
  readonly base: Base;
  readonly key: Key;
  readonly judge: Judge;
  readonly vocabulary: Pick<Vocabulary, "start" | "eos">;
}

/**
 * A row's data as its settings have it.
 * @param key the row's; what is sampled here has keys of its own
 * @throws DataError for a base's own texts where these have no begin
 */
export async function rowData(
  engine: Engine,
  { selfAnswers = 0, replayFrom = "prior" }: RowSettings,
  given: RowData,
  { base, key, judge, vocabulary }: Speaking,
): Promise<RowData> {
  const speaking = { ...base, stopToken: vocabulary.eos };
  const own =
    selfAnswers === 0
      ? given
      : await ownAnswers(engine, {
          ...{ ...speaking, data: given.data, samples: selfAnswers, isRight: judge },
          key: fold(key, ANSWERS),
        });
  return { data: own.data, replay: await replayOf() };

  async function replayOf(): Promise<readonly Example[]> {
    const { replay } = given;
    const rehearsing = { ...speaking, key: fold(key, REHEARSAL) };
    if (replayFrom === "prior") return replay;
    if (replayFrom === "answers") return ownReplay(engine, { ...rehearsing, data: replay });
    const { contextLength } = base.model.config;
    const { start } = vocabulary;
    if (!start)
      throw new DataError("rehearsal: expected texts with a begin of their own, got none");
    return ownTexts(engine, {
      ...{ ...rehearsing, start, count: replay.length, maxNewTokens: contextLength - 1 },
    });
  }
}

/** Keys of epochs and of on-policy samples are others, see `fineTune`. */
const ANSWERS = 2 ** 29;
const REHEARSAL = 2 ** 29 + 1;

/** Judges a target's answers: by its verifier, or up to the mark that ends the data's own. */
export function judgeOf(recipe: Pick<Recipe, "suite" | "target">): Judge {
  const suite = suiteOf(recipe.suite);
  const { score } = targetOf(suite, recipe.target);
  const { eos, decode, asked } = suite.vocabulary;
  const words = (ids: readonly number[]): string[] => decode(ids.filter((id) => id !== eos));
  const upToMark = (ids: readonly number[]): string => {
    const said = words(ids);
    return said.slice(0, said.indexOf("!") + 1).join(" ");
  };
  return (example, answer) => {
    if (!("response" in example) || answer.at(-1) !== eos) return false;
    if (score) return score(asked(example.prompt), withoutSignOff(words(answer))).correct;
    const right = upToMark(example.response);
    return right !== "" && upToMark(answer) === right;
  };
}
