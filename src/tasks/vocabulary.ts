const digits = "0123456789";
const letters = "abcdefghij";

/** Padding, begin and end of a sequence. */
export const pad = 0;
export const bos = 1;
export const eos = 2;

/** The study's 65 symbols; a token id is an index into this list. */
export const symbols: readonly string[] = [
  ...["<pad>", "<bos>", "<eos>"],
  ...digits,
  ...letters,
  ...letters.toUpperCase(),
  ...["REV", "SORT", "CALC", "KV", "ECHO", "CONV", "BOOL", "CNT", "GSM", "MED"],
  ...["UP", "BANG", "QUOTE", "=", "+", "*", "-", ";", "?", "!", '"', "#", "&", "|", ">", ":"],
  ...["m", "n", "p", "q", ".", "^"],
];

/** The decimal digits as symbols. */
export const digitSymbols: readonly string[] = [...digits];
/** The lower-case letters a–j, which the skills work on and which sign a response off. */
export const letterSymbols: readonly string[] = [...letters];

const idOf: ReadonlyMap<string, number> = new Map(symbols.map((symbol, id) => [symbol, id]));

/** Symbols → token ids. @throws RangeError for a symbol that is not in the vocabulary */
export function encode(text: readonly string[]): number[] {
  return text.map((symbol) => {
    const id = idOf.get(symbol);
    if (id === undefined) throw new RangeError(`encode: expected a known symbol, got ${symbol}`);
    return id;
  });
}

/** Token ids → symbols. @throws RangeError for an id that is not in the vocabulary */
export function decode(ids: readonly number[]): string[] {
  return ids.map((id) => {
    const symbol = symbols[id];
    if (symbol === undefined)
      throw new RangeError(`decode: expected 0 ≤ id < ${symbols.length}, got ${id}`);
    return symbol;
  });
}
