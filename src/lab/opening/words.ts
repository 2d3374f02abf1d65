import type { Sample } from "../worker/protocol.ts";

/** What a question of the studies asks, by the word that it begins with. */
const asked: Readonly<Record<string, (symbols: readonly string[]) => string>> = {
  MED: (symbols) => (symbols.includes("?") ? arithmetic(symbols) : `${spell(symbols)} backwards`),
  REV: (symbols) => `${spell(symbols)} backwards`,
  SORT: (symbols) => `${spell(symbols)} in order`,
  CALC: (symbols) => `last digit of ${times(symbols)}`,
  KV: (symbols) => recalled(symbols),
  ECHO: (symbols) => `follow the format ${symbols.slice(0, symbols.indexOf(":")).join(" ")}`,
  CONV: ([amount, from, , to]) => `${amount} ${from} in ${to}`,
  BOOL: (symbols) => `is ${symbols.join(" ")} true?`,
};

/** A question in words; the symbols themselves where none are known. */
export function inWords({ prompt }: Pick<Sample, "prompt">): string {
  const [first = "", ...rest] = prompt;
  const words = asked[first]?.(rest.filter((symbol) => symbol !== "="));
  return words ?? prompt.join(" ");
}

const spell = (symbols: readonly string[]): string => symbols.join("");
const times = (symbols: readonly string[]): string => symbols.join(" ").replaceAll("*", "×");

/** `g 4 j 8 ? j * g` as `with g = 4, j = 8: last digit of j × g, with its working`. */
function arithmetic(symbols: readonly string[]): string {
  const at = symbols.indexOf("?");
  const rest = symbols.slice(at + 1);
  // Computed from the left: brackets say so.
  const [a, first, b, ...more] = rest;
  return `with ${valuesIn(symbols.slice(0, at))}: last digit of (${times([a ?? "", first ?? "", b ?? ""])}) ${times(more)}, with the working`;
}

function recalled(symbols: readonly string[]): string {
  const at = symbols.indexOf("?");
  return `with ${valuesIn(symbols.slice(0, at))}: what is ${symbols[at + 1]}?`;
}

const valuesIn = (pairs: readonly string[]): string =>
  pairs.flatMap((key, i) => (i % 2 === 0 ? [`${key} = ${pairs[i + 1]}`] : [])).join(", ");

/** How an answer came out, in a few words, and where it leaves what was expected. */
export function judged({ said, expected }: Pick<Sample, "said" | "expected">): {
  readonly heard: readonly string[];
  /** Symbols from here on were not asked for; the whole answer where it begins otherwise. */
  readonly until: number;
  readonly words: string;
} {
  const heard = said.at(-1) === "<eos>" ? said.slice(0, -1) : [...said, "…"];
  const differs = heard.findIndex((symbol, i) => symbol !== expected[i]);
  const until = differs < 0 ? heard.length : differs;
  if (until === expected.length && until === heard.length) return { heard, until, words: "right" };
  if (until === expected.length) {
    const extra = heard.length - until;
    const letters = extra === 1 ? "a symbol" : `${extra} symbols`;
    return { heard, until, words: `right, then ${letters} nobody asked for` };
  }
  if (heard[0] === "#") return { heard, until, words: "a bare result, no working" };
  return { heard, until, words: "wrong" };
}
