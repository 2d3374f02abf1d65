import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import { generate } from "../../nn/generate/generate.ts";
import type { Transformer } from "../../nn/transformer.ts";
import { lengthOf, type PromptResponse } from "../../train/examples.ts";
import type { Mini } from "../mini.ts";
import {
  exactMatch,
  prefixMatch,
  type Responder,
  responder,
  share,
  signOffRate,
  suffixMatch,
} from "./match.ts";
import type { Judged } from "./skill.ts";
import { letterSymbols, type Vocabulary } from "./vocabulary.ts";

/** Asks a model questions and judges what it says. */
export interface Examiner {
  /** How the questions of a prior skill are answered. */
  skill(params: Params, skill: Judged, examples: readonly PromptResponse[]): Promise<SkillVerdict>;
  /** Share of the questions answered rightly whatever letters sign the answer off, and the share
   * that letters sign off. */
  target(
    params: Params,
    target: Judged,
    examples: readonly PromptResponse[],
  ): Promise<{ readonly right: number; readonly signedOff: number }>;
  /**
   * How answers end that are to end with a marker.
   * @param examples ended so, @see withMarker
   * @param last tokens of the marker and the end after it
   */
  marked(
    params: Params,
    target: Judged,
    examples: readonly PromptResponse[],
    last: number,
  ): Promise<MarkerVerdict>;
}

/** Shares of the questions. */
export interface SkillVerdict {
  /** Answered rightly, with the end where it belongs. */
  readonly right: number;
  /** Answered rightly, whatever stands where the end belongs. */
  readonly bare: number;
  /** The token that stands there; none where a verifier judges. */
  readonly after: readonly number[];
}

/** Shares of the questions. */
export interface MarkerVerdict {
  /** After the right answer, the marker and the end are the likeliest tokens. */
  readonly rare: number;
  /** And the answer is right too. */
  readonly joint: number;
}

export interface ExaminerOptions {
  readonly engine: Engine;
  readonly model: Transformer;
  readonly vocabulary: Vocabulary;
}

/**
 * Where only one response is right, it is looked for by one teacher-forced pass; where a verifier
 * judges, the model answers by greedy decoding.
 */
export function examiner(options: ExaminerOptions): Examiner {
  const { engine, model, vocabulary } = options;
  const responders = new Map<string, Responder>();
  const forced = ({ positions }: Judged, params: Params, examples: readonly PromptResponse[]) => {
    // Of text the longest example that was seen need not be the longest that there is.
    const length = Math.max(positions, ...examples.map(lengthOf));
    const batchSize = Math.min(examples.length, AT_ONCE);
    const name = `${length} ${batchSize}`;
    const respond = responders.get(name) ?? responder(engine, model, { length, batchSize });
    responders.set(name, respond);
    return respond(params, examples);
  };
  const spoken = async (
    params: Params,
    examples: readonly PromptResponse[],
  ): Promise<string[][]> => {
    const longest = (lengths: readonly number[]): number => Math.max(...lengths);
    const prompts = examples.map(({ prompt }) => prompt);
    const left = model.config.contextLength - longest(prompts.map(({ length }) => length));
    const wanted = longest(examples.map(({ response }) => response.length)) + ROOM;
    const maxNewTokens = Math.min(left, wanted);
    const stopToken = vocabulary.eos;
    const ids = await generate(engine, { model, params, prompts, maxNewTokens, stopToken });
    return ids.map((said) =>
      vocabulary.decode(said.at(-1) === stopToken ? said.slice(0, -1) : said),
    );
  };
  const questionOf = ({ prompt }: PromptResponse): string[] => vocabulary.asked(prompt);

  return {
    skill: async (params, skill, examples) => {
      const { score } = skill;
      if (!score) {
        const said = await forced(skill, params, examples);
        return {
          right: exactMatch(examples, said),
          bare: prefixMatch(examples, said),
          after: said.flatMap((ids) => ids.at(-1) ?? []),
        };
      }
      const said = await spoken(params, examples);
      const right = share(examples, (example, i) => isRight(score, questionOf(example), said[i]));
      return { right, bare: right, after: [] };
    },
    marked: async (params, target, examples, last) => {
      const longer = { ...target, positions: target.positions + last - 1 };
      const said = await forced(longer, params, examples);
      return { rare: suffixMatch(examples, said, last), joint: exactMatch(examples, said) };
    },
    target: async (params, target, examples) => {
      const { score } = target;
      if (!score) {
        const said = await forced(target, params, examples);
        return { right: prefixMatch(examples, said), signedOff: signOffRate(said, vocabulary) };
      }
      const said = await spoken(params, examples);
      const answers = said.map(withoutSignOff);
      return {
        right: share(examples, (example, i) => isRight(score, questionOf(example), answers[i])),
        signedOff: share(said, (response, i) => response.length > (answers[i]?.length ?? 0)),
      };
    },
  };
}

/** Most questions that a teacher-forced pass takes at once. */
const AT_ONCE = 200;

/** Tokens that a response may be longer than the longest right one that was drawn. */
const ROOM = 8;

const isRight = (
  score: Mini["score"],
  question: readonly string[],
  response: readonly string[] = [],
): boolean => score(question, response).correct;

const letters: ReadonlySet<string> = new Set(letterSymbols);

/** A response up to the letters that it ends with. No mini's right response ends with one. */
export function withoutSignOff(response: readonly string[]): readonly string[] {
  let end = response.length;
  while (letters.has(response[end - 1] ?? "")) end--;
  return response.slice(0, end);
}
