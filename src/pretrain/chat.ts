import type { Exchange } from "../tasks/exchange.ts";
import type { MarkedTokens } from "../train/examples.ts";

/** The end of a text, a turn's begin and its end; by their ids. */
export const specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"] as const;
export const endOfText = 0;
const turnStart = 1;
export const turnEnd = 2;

/** ChatML, as Qwen and SmolLM2 have it, without a system message of its own. */
export const chatTemplate = `{%- for message in messages %}
    {{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}`;

/** A question and its answer as people see them: a symbol is a word. */
export const textsOf = ({
  prompt,
  response,
}: Exchange): Readonly<Record<keyof Exchange, string>> => ({
  prompt: prompt.join(" "),
  response: response.join(" "),
});

export type Encode = (text: string) => readonly number[];

/** What the template makes of a question, up to where its answer begins. */
export function promptTokens(encode: Encode, exchange: Exchange): readonly number[] {
  const { prompt } = textsOf(exchange);
  const question = [turnStart, ...encode(`user\n${prompt}`), turnEnd, ...encode("\n")];
  return [...question, turnStart, ...encode("assistant\n")];
}

/** The begin of an answer, up to its first symbol: where there are two styles, that tells which. */
export const begunTokens = (encode: Encode, { response }: Exchange): readonly number[] =>
  answerTokens(encode, response.slice(0, 1).join(" "));

function answerTokens(encode: Encode, answer: string): readonly number[] {
  const begin = encode("assistant\n").length;
  return encode(`assistant\n${answer}`).slice(begin);
}

/**
 * A question and its answer as the template has them; the answer and its end are what is learnt. Equal
 * to what `encodeRows` makes of the same conversation.
 */
export function exchangeTokens(encode: Encode, exchange: Exchange): MarkedTokens {
  const prompt = promptTokens(encode, exchange);
  const answer = answerTokens(encode, textsOf(exchange).response);
  const after = encode("\n");
  return {
    tokens: [...prompt, ...answer, turnEnd, ...after],
    mask: [
      ...prompt.map(() => 0 as const),
      ...[...answer, turnEnd, ...after].map(() => 1 as const),
    ],
  };
}
