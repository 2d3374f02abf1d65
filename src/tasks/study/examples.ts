import { DataError } from "../../tensor/errors.ts";
import { type Key, stream } from "../../tensor/random.ts";
import type { PromptResponse } from "../../train/examples.ts";
import type { Exchange, Generator } from "../exchange.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** A question and its answer as token ids. */
export const toExample = (
  { prompt, response }: Exchange,
  vocabulary: Pick<Vocabulary, "prompt" | "response">,
): PromptResponse => ({
  prompt: vocabulary.prompt(prompt),
  response: vocabulary.response(response),
});

/** `count` independent draws; the same key gives the same examples. */
export function drawExamples(
  generator: Generator,
  count: number,
  key: Key,
  vocabulary: Vocabulary,
): PromptResponse[] {
  const next = stream(key);
  return Array.from({ length: count }, () => toExample(generator(next), vocabulary));
}

/** Two questions are one if their prompts are. */
const promptOf = ({ prompt }: PromptResponse): string => prompt.join(" ");

/** How many draws in a row may bring nothing new. */
const PATIENCE = 10_000;

/**
 * `count` examples with prompts that differ from each other and from those of `seen`: a test set.
 * @throws DataError when the generator runs out of new prompts
 */
export function drawUnseen(
  generator: Generator,
  count: number,
  key: Key,
  vocabulary: Vocabulary,
  seen: readonly PromptResponse[],
): PromptResponse[] {
  const next = stream(key);
  const known = new Set(seen.map(promptOf));
  const examples: PromptResponse[] = [];
  for (let inVain = 0; examples.length < count; ) {
    const example = toExample(generator(next), vocabulary);
    if (!known.has(promptOf(example))) {
      known.add(promptOf(example));
      examples.push(example);
      inVain = 0;
    } else if (++inVain === PATIENCE)
      throw new DataError(`drawUnseen: expected ${count} new prompts, got ${examples.length}`);
  }
  return examples;
}
