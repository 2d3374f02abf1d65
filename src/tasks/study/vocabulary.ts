const digits = "0123456789";
const letters = "abcdefghij";

/** Begin and end of a sequence; 0 is padding. */
export const bos = 1;
export const eos = 2;

/** The symbols that a model knows, and their token ids. */
export interface Vocabulary {
  /** A token id is an index into this list. */
  readonly symbols: readonly string[];
  /** Symbols → token ids. @throws RangeError for a symbol that is not in the vocabulary */
  encode(text: readonly string[]): number[];
  /** Token ids → symbols. @throws RangeError for an id that is not in the vocabulary */
  decode(ids: readonly number[]): string[];
}

/** @throws RangeError for a symbol that comes twice */
function vocabularyOf(symbols: readonly string[]): Vocabulary {
  const idOf: ReadonlyMap<string, number> = new Map(symbols.map((symbol, id) => [symbol, id]));
  const twice = symbols.find((symbol, id) => idOf.get(symbol) !== id);
  if (twice !== undefined)
    throw new RangeError(`vocabularyOf: expected different symbols, got ${twice} twice`);
  return {
    symbols,
    encode: (text) =>
      text.map((symbol) => {
        const id = idOf.get(symbol);
        if (id === undefined)
          throw new RangeError(`encode: expected a known symbol, got ${symbol}`);
        return id;
      }),
    decode: (ids) =>
      ids.map((id) => {
        const symbol = symbols[id];
        if (symbol === undefined)
          throw new RangeError(`decode: expected 0 ≤ id < ${symbols.length}, got ${id}`);
        return symbol;
      }),
  };
}

/** The study's 65 symbols. */
export const studyVocabulary: Vocabulary = vocabularyOf([
  ...["<pad>", "<bos>", "<eos>"],
  ...digits,
  ...letters,
  ...letters.toUpperCase(),
  ...["REV", "SORT", "CALC", "KV", "ECHO", "CONV", "BOOL", "CNT", "GSM", "MED"],
  ...["UP", "BANG", "QUOTE", "=", "+", "*", "-", ";", "?", "!", '"', "#", "&", "|", ">", ":"],
  ...["m", "n", "p", "q", ".", "^"],
]);

/** The study's vocabulary and behind it, in order, those of `more` that it lacks. */
export const studyVocabularyWith = (more: readonly string[]): Vocabulary =>
  vocabularyOf([...new Set([...studyVocabulary.symbols, ...more])]);

/** The decimal digits as symbols. */
export const digitSymbols: readonly string[] = [...digits];
/** The lower-case letters a–j, which the skills work on and which sign a response off. */
export const letterSymbols: readonly string[] = [...letters];
