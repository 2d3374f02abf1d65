const TOKEN =
  /\s*(?:([A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)|((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(==|<=|>=|!=|&&|\|\||\+=|-=|\*=|\+\+|[-+*/<>=!?:;,()[\]{}]))/y;

/** The words of a kernel's code, read one after the other. Dotted names are one word. */
export interface Tokens {
  /** The next word, "" at the end. */
  peek(): string;
  next(): string;
  /** Takes the next word if it is this. */
  takes(word: string): boolean;
  /** @throws SyntaxError where the next word is another */
  expect(word: string): void;
}

/** @throws SyntaxError for what no kernel's code has */
export function tokensOf(code: string): Tokens {
  const words: string[] = [];
  const end = code.trimEnd().length;
  for (let from = 0; from < end; from = TOKEN.lastIndex) {
    TOKEN.lastIndex = from;
    const [, name, number, mark] = TOKEN.exec(code) ?? [];
    const word = name ?? number ?? mark;
    if (word === undefined)
      throw new SyntaxError(`kernel: expected a word, got ${code.slice(from, from + 20).trim()}`);
    words.push(word);
  }
  let at = 0;
  const peek = (): string => words[at] ?? "";
  const next = (): string => words[at++] ?? "";
  const takes = (word: string): boolean => {
    const found = peek() === word;
    if (found) at += 1;
    return found;
  };
  return {
    ...{ peek, next, takes },
    expect(word) {
      if (!takes(word))
        throw new SyntaxError(`kernel: expected ${word}, got ${peek() || "the end"}`);
    },
  };
}
