const digits = "0123456789";
const letters = "abcdefghij";

/** Begin and end of a sequence of the study's own models; 0 is padding. */
export const bos = 1;
export const eos = 2;

/** The symbols of questions and answers, and the token ids that a model reads them as. */
export interface Vocabulary {
  /** Of the study's own models a token id is an index into this list. */
  readonly symbols: readonly string[];
  /** Token ids that there are. */
  readonly size: number;
  /** Ends a response. */
  readonly eos: number;
  /** What a text begins with that a model writes of its own; absent where it has no such begin. */
  readonly start?: readonly number[];
  /** Symbols that follow others → token ids. @throws RangeError for a symbol that is not in the
   * vocabulary */
  encode(text: readonly string[]): number[];
  /** Token ids → symbols. @throws RangeError for an id that is not in the vocabulary */
  decode(ids: readonly number[]): string[];
  /** A whole prompt, up to where its response begins. @throws as `encode` */
  prompt(text: readonly string[]): number[];
  /** A whole response with its end. @throws as `encode` */
  response(text: readonly string[]): number[];
  /** The symbols of a whole prompt. @throws as `decode` */
  asked(prompt: readonly number[]): string[];
}

/** @throws RangeError for a symbol that comes twice */
function vocabularyOf(symbols: readonly string[]): Vocabulary {
  const idOf: ReadonlyMap<string, number> = new Map(symbols.map((symbol, id) => [symbol, id]));
  const twice = symbols.find((symbol, id) => idOf.get(symbol) !== id);
  if (twice !== undefined)
    throw new RangeError(`vocabularyOf: expected different symbols, got ${twice} twice`);
  const encode = (text: readonly string[]): number[] =>
    text.map((symbol) => {
      const id = idOf.get(symbol);
      if (id === undefined) throw new RangeError(`encode: expected a known symbol, got ${symbol}`);
      return id;
    });
  const decode = (ids: readonly number[]): string[] =>
    ids.map((id) => {
      const symbol = symbols[id];
      if (symbol === undefined)
        throw new RangeError(`decode: expected 0 ≤ id < ${symbols.length}, got ${id}`);
      return symbol;
    });
  return {
    ...{ symbols, size: symbols.length, eos, start: [bos], encode, decode },
    prompt: (text) => [bos, ...encode(text)],
    response: (text) => [...encode(text), eos],
    asked: (prompt) => decode(prompt.slice(1)),
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
