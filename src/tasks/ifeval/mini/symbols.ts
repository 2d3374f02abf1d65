import { HASH } from "../../mini.ts";

/** The words of mini-ifeval, in a circle: a response goes on with the word after the last one. */
export const storyWords: readonly string[] = (
  "river stone bread tower garden lamp winter horse ladder market cloud window silver door meadow " +
  "ship candle forest bridge apple piano valley copper island feather mirror road thunder basket " +
  "wheel ocean blanket mountain clock harbor pepper rabbit shadow temple violin"
).split(" ");

/** Letters that a response may have to have often. */
export const letters: readonly string[] = [..."aeiorlnt"];

/** Numbers 1 to 9, one symbol each. */
const numbers: readonly string[] = [..."123456789"];

/** Makes the first word begin with a capital. */
export const CAP = "Cap";
/** Makes the whole response upper case. */
export const UP = "UP";

const prompt =
  "topic do ; >= < words letter bullets slots has not end no lower upper title two quote".split(
    " ",
  );
const marks = [",", "[", "]", "<<", ">>", "*", "******", '"', "\n"];

/** The vocabulary. */
export const miniSymbols: readonly string[] = [
  ...prompt,
  ...storyWords,
  ...letters,
  ...numbers,
  ...marks,
  ...[CAP, UP, HASH],
];

/** Symbols that no space follows. */
const OPENING: ReadonlySet<string> = new Set(["[", "<<", "\n"]);
/** Symbols that no space precedes. */
const CLOSING: ReadonlySet<string> = new Set([",", "]", ">>", "\n"]);

const capitalised = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1);

/** A response as a text. Any symbols are fine. */
export function detokenize(response: readonly string[]): string {
  const lead = response[0];
  const symbols = lead === CAP || lead === UP ? response.slice(1) : response;
  const first = symbols.findIndex((symbol) => storyWords.includes(symbol));
  let text = "";
  let isGlued = true;
  let isQuoted = false;
  for (const [i, symbol] of symbols.entries()) {
    const closes = CLOSING.has(symbol) || (symbol === '"' && isQuoted);
    if (!isGlued && !closes) text += " ";
    text += lead === CAP && i === first ? capitalised(symbol) : symbol;
    isGlued = OPENING.has(symbol) || (symbol === '"' && !isQuoted);
    if (symbol === '"') isQuoted = !isQuoted;
  }
  return lead === UP ? text.toUpperCase() : text;
}
