import { DataError } from "../tensor/errors.ts";
import { shown } from "../tensor/options.ts";
import { at } from "../tensor/shapes.ts";

/** Tokens to learn from: a prompt and its response, or one sequence and which of it are targets. */
export type Example = PromptResponse | MarkedTokens;

/** A prompt and the response to learn, as token ids: the prompt starts with the begin-of-sequence
 * token where the model has one, the response ends with the stop token. */
export interface PromptResponse {
  readonly prompt: readonly number[];
  readonly response: readonly number[];
  /** How much each token of the response counts, at least 0; 1 by default. */
  readonly weights?: readonly number[];
}

/**
 * Conversations of several turns, and documents packed into one row.
 * @example { tokens: [0, 5, 6, 2, 7, 8, 2], mask: [0, 0, 1, 1, 0, 1, 1] } // two answers
 */
export interface MarkedTokens {
  readonly tokens: readonly number[];
  /** 1 where the token is a target: never the first one, of the row or of a segment. */
  readonly mask: readonly (0 | 1)[];
  /** Packed documents, numbered from 1 in order; 0 for padding at the end. Positions start anew in
   * each, and none sees another. */
  readonly segments?: readonly number[];
  /** How much each token counts as a target, at least 0; 1 by default. */
  readonly weights?: readonly number[];
}

/** Whether a number can be a token id: an int32 from 0 on. */
export const isId = (id: unknown): boolean => typeof id === "number" && (id | 0) === id && id >= 0;

/** An example as one sequence. */
export function sequenceOf(example: Example): MarkedTokens {
  if ("tokens" in example) return example;
  const { prompt, response, weights } = example;
  return {
    tokens: [...prompt, ...response],
    mask: [...prompt.map(() => 0 as const), ...response.map(() => 1 as const)],
    ...(weights && { weights: [...prompt.map(() => 1), ...weights] }),
  };
}

/** What comes before an example's first target. @throws DataError for packed documents */
export function promptOf(example: Example): readonly number[] {
  if (!("tokens" in example)) return example.prompt;
  if (example.segments)
    throw new DataError("promptOf: expected one document, got several packed into a row");
  return example.tokens.slice(0, example.mask.indexOf(1));
}

/** The targets of an example, in order. */
export function labelsOf(example: Example): readonly number[] {
  if (!("tokens" in example)) return example.response;
  return example.tokens.filter((_, i) => example.mask[i] === 1);
}

/** Positions that predict something: the last token of a sequence predicts nothing. */
export const lengthOf = (example: Example): number =>
  ("tokens" in example ? example.tokens.length : example.prompt.length + example.response.length) -
  1;

/** Positions from and to which (exclusive) an example predicts targets, in order. */
export function spansOf(example: Example): readonly (readonly [from: number, to: number])[] {
  if (!("tokens" in example)) return [[example.prompt.length - 1, lengthOf(example)]];
  const { mask } = example;
  const spans: [from: number, to: number][] = [];
  for (let token = 1; token < mask.length; token++) {
    const last = spans.at(-1);
    if (mask[token] !== 1) continue;
    if (last?.[1] === token - 1) last[1] = token;
    else spans.push([token - 1, token]);
  }
  return spans;
}

/** Targets of an example. */
export const targetsOf = (example: Example): number =>
  spansOf(example).reduce((count, [from, to]) => count + to - from, 0);

/** Whether an example has a target that counts: one whose weight is not 0. */
export function counts(example: Example): boolean {
  const { weights } = example;
  if (!weights) return true;
  return weights.some((x, t) => x > 0 && !("tokens" in example && example.mask[t] === 0));
}

/** What examples have to fit: a model's config has both. */
export interface ExampleLimits {
  readonly vocabSize?: number;
  /** The model's context: most positions a sequence may have. */
  readonly contextLength?: number;
}

/**
 * Checks that examples can be trained on.
 * @throws DataError naming the index of the first that cannot
 */
export function checkExamples(
  op: string,
  examples: readonly Example[],
  { vocabSize = Infinity, contextLength = Infinity }: ExampleLimits = {},
): void {
  if (!Array.isArray(examples))
    throw new TypeError(`${op}: expected a list of examples, got ${shown(examples)}`);
  if (examples.length === 0) throw new DataError(`${op}: expected examples, got none`);
  examples.forEach((example: Example, i) => {
    const fail = (expected: string, got: string | number): never => {
      throw new DataError(`${op}: expected ${expected}, got ${got} in example ${i}`);
    };
    expectLists(example, fail);
    if ("tokens" in example) checkMarks(example, fail);
    else
      for (const part of ["prompt", "response"] as const)
        if (example[part].length === 0) fail(`a ${part}`, "an empty one");
    checkWeights(example, fail);
    const stranger = sequenceOf(example).tokens.find((id) => !(isId(id) && id < vocabSize));
    if (stranger !== undefined)
      fail(
        `ids in [0, ${vocabSize})`,
        typeof stranger === "number" ? stranger : `a ${typeof stranger}`,
      );
    if (lengthOf(example) > contextLength)
      fail(`at most ${contextLength} positions`, lengthOf(example));
  });
}

type Fail = (expected: string, got: string | number) => never;

const isList = (value: unknown): boolean =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && "length" in value);

/** What a program without types may get wrong. */
function expectLists(example: unknown, fail: Fail): void {
  const given: Readonly<Record<string, unknown>> = Object(example);
  if (given !== example) fail("a prompt and its response, or tokens and a mask", shown(example));
  const parts = "tokens" in given ? ["tokens", "mask"] : ["prompt", "response"];
  for (const name of parts)
    if (!isList(given[name])) fail(`a list of numbers as ${name}`, shown(given[name]));
  for (const name of ["weights", "segments"])
    if (given[name] !== undefined && !isList(given[name]))
      fail(`a list of numbers as ${name}`, shown(given[name]));
}

/** What no prompt and response can get wrong. */
function checkMarks({ tokens, mask, segments }: MarkedTokens, fail: Fail): void {
  if (mask.length !== tokens.length) fail(`a mask of ${tokens.length} numbers`, mask.length);
  const odd = mask.find((x) => x !== 0 && x !== 1);
  if (odd !== undefined) fail("a mask of zeros and ones", odd);
  if (mask[0] === 1) fail("no target before the second token", "a mask that begins with 1");
  if (!mask.includes(1)) fail("a mask with a target", "none");
  if (!segments) return;
  if (segments.length !== tokens.length)
    fail(`${tokens.length} numbers of segments`, segments.length);
  segments.forEach((segment, t) => {
    const before = t === 0 ? 0 : at(segments, t - 1);
    const begins = segment !== before;
    if (begins && segment !== 0 && segment !== before + 1)
      fail("segments 1, 2, … in order, and zeros at the end", `${segment} after ${before}`);
    if (t > 0 && before === 0 && segment !== 0) fail("zeros of segments at the end", segment);
    if (mask[t] === 1 && (begins || segment === 0))
      fail("no target at the start of a segment or in padding", `one at token ${t}`);
  });
  if (segments[0] !== 1) fail("segments from 1", at(segments, 0));
}

function checkWeights(example: Example, fail: Fail): void {
  const { weights } = example;
  if (!weights) return;
  const count = "tokens" in example ? example.tokens.length : example.response.length;
  if (weights.length !== count) fail(`${count} weights`, weights.length);
  const odd = weights.find((x) => !(x >= 0 && Number.isFinite(x)));
  if (odd !== undefined) fail("finite weights ≥ 0", odd);
}
