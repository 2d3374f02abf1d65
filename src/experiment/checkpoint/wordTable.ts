import type { LoadedModel } from "../../finetune/load.ts";
import type { Exchange, Generator } from "../../tasks/exchange.ts";
import { type TextSuite, textSuite, textSymbols } from "../../tasks/study/textSuite.ts";
import { letterSymbols } from "../../tasks/study/vocabulary.ts";
import { type WordTable, wordVocabulary } from "../../tasks/study/words.ts";
import { DataError } from "../../tensor/errors.ts";
import { fold, key, stream } from "../../tensor/random.ts";
import { at } from "../../tensor/shapes.ts";

/** What a checkpoint reads and says. */
export interface Speaker
  extends Required<Pick<LoadedModel, "tokenizer" | "chat">>,
    Pick<LoadedModel, "folder" | "stopTokens"> {
  /** Token ids of its model. */
  readonly vocabSize: number;
}

/** Letters sign answers off, and where that begins is counted in symbols. */
const short: readonly string[] = [...letterSymbols, "!"];

/**
 * How a checkpoint's tokenizer and chat template write the skills' symbols, asked of them: then a study
 * needs neither.
 * @throws DataError for a checkpoint that does not read a text word by word
 */
export function wordTableOf(speaker: Speaker): WordTable {
  const { tokenizer, chat, folder, stopTokens } = speaker;
  const refuse = (expected: string, got: string): never => {
    throw new DataError(`${folder}: expected ${expected}, got ${got}`);
  };
  const encode = (text: string): readonly number[] =>
    tokenizer.encode(text, { addSpecialTokens: false });
  const asked = (content: string): readonly number[] =>
    encode(chat.render([{ role: "user", content }], { addGenerationPrompt: true }).text);
  const answered = (content: string, answer: string): readonly number[] =>
    encode(
      chat.render([
        { role: "user", content },
        { role: "assistant", content: answer },
      ]).text,
    );

  const [one, other] = [asked("0"), asked("a")];
  const before = one.slice(0, shared(one, other));
  const after = one.slice(one.length - shared(one.toReversed(), other.toReversed()));
  /** The tokens of a question between what the template puts around it. */
  const within = (content: string): readonly number[] => {
    const all = asked(content);
    if (!begins(all, before) || !begins(all.toReversed(), after.toReversed()))
      refuse("a template that changes no question", JSON.stringify(content));
    return all.slice(before.length, all.length - after.length);
  };
  const zero = within("0");
  const end = answered("0", "a")
    .slice(asked("0").length)
    .find((id) => stopTokens.includes(id));
  if (end === undefined) return refuse("a template that ends answers with a stop token", "none");
  const behind = within("0 0").slice(zero.length);
  const symbols = textSymbols();
  const table: WordTable = {
    pieces: piecesOf(speaker, zero),
    // No question and no answer begins with a line break.
    first: Object.fromEntries(
      symbols.flatMap((symbol) => (symbol.trim() === "" ? [] : [[symbol, within(symbol)]])),
    ),
    next: Object.fromEntries(
      symbols.map((symbol) => {
        const ids = within(`0 ${symbol} 0`);
        return [symbol, ids.slice(zero.length, ids.length - behind.length)];
      }),
    ),
    ...{ before, after, end },
  };
  const long = short.find((symbol) => table.next[symbol]?.length !== 1);
  if (long !== undefined) refuse("letters and ! to be tokens of their own", long);
  const vocabulary = wordVocabulary(table);
  for (const { prompt, response } of samples(textSuite(), SEEN)) {
    const ids = [...vocabulary.prompt(prompt), ...vocabulary.response(response)];
    const [question, answer] = [prompt.join(" "), response.join(" ")];
    if (!begins(answered(question, answer), ids))
      refuse("a tokenizer that reads word by word", JSON.stringify(`${question} ${answer}`));
  }
  return table;
}

/** Of each kind, to see whether the table says the same as the tokenizer. */
const SEEN = 20;
/** Of each kind, to see how long they are. */
const MEASURED = 1000;

/** Positions that questions and answers of each skill and target take, of a thousand of each. */
export function positionsOf(table: WordTable): Readonly<Record<string, number>> {
  const { skills, targets } = textSuite();
  const { prompt, response } = wordVocabulary(table);
  const longest = (draws: readonly Generator[]): number =>
    Math.max(
      ...draws
        .flatMap((draw) => drawn(draw, MEASURED))
        .map((one) => prompt(one.prompt).length + response(one.response).length - 1),
    );
  return Object.fromEntries([
    ...Object.entries(skills).map(([name, { draw }]) => [name, longest([draw])]),
    ...Object.entries(targets).map(([name, { worked, direct }]) => [
      name,
      longest([worked, direct]),
    ]),
  ]);
}

function drawn(draw: Generator, count: number): readonly Exchange[] {
  const next = stream(fold(key(0), 0));
  return Array.from({ length: count }, () => draw(next));
}

function samples({ skills, targets }: TextSuite, count: number): readonly Exchange[] {
  const draws = [
    ...Object.values(skills).map(({ draw }) => draw),
    ...Object.values(targets).flatMap(({ worked, direct }) => [worked, direct]),
  ];
  return draws.flatMap((draw) => drawn(draw, count));
}

/** The text of each token as it stands behind others: some decoders drop a text's first space. */
function piecesOf({ tokenizer, vocabSize }: Speaker, others: readonly number[]): readonly string[] {
  const begin = tokenizer.decode(others).length;
  return Array.from({ length: vocabSize }, (_, id) =>
    tokenizer.decode([...others, id]).slice(begin),
  );
}

const begins = (all: readonly number[], part: readonly number[]): boolean =>
  part.every((id, i) => all[i] === id);

/** How many tokens at their begin are the same. */
function shared(a: readonly number[], b: readonly number[]): number {
  let same = 0;
  while (same < Math.min(a.length, b.length) && at(a, same) === at(b, same)) same++;
  return same;
}
