/** Data that a model writes itself. */
import type { Engine } from "../engines/engine.ts";
import type { Params } from "../nn/config.ts";
import { DataError } from "../tensor/errors.ts";
import { answered, expectKnown } from "../tensor/options.ts";
import { fold, type Key } from "../tensor/random.ts";
import { at } from "../tensor/shapes.ts";
import { type Example, lengthOf, type PromptResponse, promptOf } from "../train/examples.ts";
import type { LanguageModel } from "./targets/languageModel.ts";
import { sampleResponses } from "./targets/sampled.ts";

interface Speaking {
  /** Has to be one that generates, such as `transformer` makes. */
  readonly model: LanguageModel;
  /** On the host or resident, not consumed. */
  readonly params: Params;
  /** 1 by default. */
  readonly temperature?: number;
  /** Ends an answer. */
  readonly stopToken?: number;
  readonly key: Key;
}

const SPEAKING = ["model", "params", "temperature", "stopToken", "key"] as const;

/** Whose prompts a model is to answer in words of its own, and which answers are right. */
export interface OwnAnswersOptions extends Speaking {
  readonly data: readonly Example[];
  /** Answers to each prompt, among which a right one is looked for; 8 by default. */
  readonly samples?: number;
  /** Whether an answer, up to and with its stop token, is as right as the data's. */
  readonly isRight: (example: Example, answer: readonly number[]) => boolean;
}

/**
 * Self-distilled fine-tuning data: in place of each response the first right one among a model's own
 * samples, which it finds likely; where none is right the data's own stays.
 * @returns the examples in order, and how many of them are the model's own words
 * @throws TypeError for a model that cannot generate, DataError for no examples
 * @see https://arxiv.org/abs/2402.13669 (Yang et al., 2024), there answers rewritten with the data's
 *   own in sight
 */
export async function ownAnswers(
  engine: Engine,
  options: OwnAnswersOptions,
): Promise<{ readonly data: readonly Example[]; readonly own: number }> {
  expectKnown("ownAnswers", options, [...SPEAKING, "data", "samples", "isRight"]);
  const { data, samples = 8, isRight, key } = options;
  if (!(Number.isInteger(samples) && samples >= 1))
    throw new RangeError(`ownAnswers: expected samples to be an integer ≥ 1, got ${samples}`);
  const found = new Map<number, Example>();
  let left = data.map((_, i) => i);
  for (let round = 0; round < samples && left.length > 0; round++) {
    const asked = left.map((i) => at(data, i));
    const answers = await answersTo(engine, asked, { ...options, key: fold(key, round) });
    left.forEach((i, n) => {
      const answer = at(answers, n);
      if (answered("ownAnswers isRight", isRight(at(data, i), answer.response)))
        found.set(i, answer);
    });
    left = left.filter((i) => !found.has(i));
  }
  return { data: data.map((example, i) => found.get(i) ?? example), own: found.size };
}

/** What a model's own texts, written from nothing, begin with and how many there are. */
export interface OwnTextsOptions extends Speaking {
  /** What every text begins with: the begin-of-sequence token, or a template's words before a
   * question. */
  readonly start: readonly number[];
  readonly count: number;
  readonly maxNewTokens: number;
}

/**
 * Rehearsal without data: texts that a model writes from nothing but their first token, prompts and
 * answers alike, to be replayed as prior examples. A model that has never learnt to write prompts
 * does not write those it was trained on.
 * @returns examples whose every token behind the start is a target
 * @throws TypeError for a model that cannot generate
 * @see https://arxiv.org/abs/2403.01244 (Huang et al., 2024), which shows the model examples first
 */
export async function ownTexts(
  engine: Engine,
  options: OwnTextsOptions,
): Promise<readonly PromptResponse[]> {
  expectKnown("ownTexts", options, [...SPEAKING, "start", "count", "maxNewTokens"]);
  const { start, count, maxNewTokens } = options;
  if (start.length === 0) throw new DataError("ownTexts: expected a token to start from, got none");
  const prompt: Example = { prompt: start, response: [at(start, 0)] };
  const data = Array.from({ length: count }, () => prompt);
  return answersTo(engine, data, options, maxNewTokens);
}

/** Whose prompts a model answers, so that its answers can be replayed. */
export interface OwnReplayOptions extends Speaking {
  /** Whose prompts are answered. */
  readonly data: readonly Example[];
}

/** A model's own answers to the prompts of prior examples. @throws as `ownTexts` */
export async function ownReplay(
  engine: Engine,
  options: OwnReplayOptions,
): Promise<readonly PromptResponse[]> {
  expectKnown("ownReplay", options, [...SPEAKING, "data"]);
  return answersTo(engine, options.data, options);
}

function answersTo(
  engine: Engine,
  data: readonly Example[],
  { model, params, temperature = 1, stopToken, key }: Speaking,
  maxNewTokens = Math.max(
    ...data.map((example) => lengthOf(example) + 1 - promptOf(example).length),
  ),
): Promise<PromptResponse[]> {
  return sampleResponses(engine, {
    ...{ model, params, data, maxNewTokens, temperature, stopToken, key },
  });
}
