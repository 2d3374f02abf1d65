import { isMini, type MiniKnobs, type MiniName } from "../tasks/study/minis.ts";
import { type SuiteRecipe, suiteNames, suiteOf } from "../tasks/study/suite.ts";
import { textSymbols } from "../tasks/study/textSuite.ts";
import type { WordTable } from "../tasks/study/words.ts";
import { refuse } from "../text/jsonl.ts";
import {
  type Check,
  count,
  countOrNone,
  listOf,
  objectAt,
  oneOf,
  record,
  symbol,
  text,
} from "./checks.ts";

/** What the knobs of each mini are called. */
const knobsOf: { readonly [N in MiniName]: { readonly [K in keyof MiniKnobs[N]]-?: true } } = {
  "mini-igsm": {
    ...{ modulus: true, op: true, depth: true, width: true, maxEdge: true, maxOperands: true },
    ...{ worlds: true, split: true, direct: true },
  },
  "mini-medcalc": {
    ...{ calculators: true, distractors: true, shuffle: true, synonyms: true, sentences: true },
    direct: true,
  },
  "mini-ifeval": { constraints: true, most: true, kinds: true, combinations: true },
  "mini-countdown": { count: true, number: true, target: true },
};

/** What a knob's value is, the minis themselves check: here, that there is such a knob. */
const knobs: Check = (value, path) => {
  for (const [mini, given] of Object.entries(objectAt(value, path))) {
    if (!isMini(mini))
      return refuse(path, `nothing beside ${Object.keys(knobsOf).join(", ")}`, mini);
    const known = Object.keys(knobsOf[mini]);
    for (const knob of Object.keys(objectAt(given, `${path}.${mini}`)))
      if (!known.includes(knob)) refuse(`${path}.${mini}`, `knobs of ${known.join(", ")}`, knob);
  }
};

const texts = listOf(text);

const ids = listOf(countOrNone);

/** Symbols are any texts, line breaks too. */
const tokensOfSymbols: Check = (value, path) => {
  for (const [symbol, tokens] of Object.entries(objectAt(value, path)))
    ids(tokens, `${path}.${JSON.stringify(symbol)}`);
};

const words: Check = (value, path) => {
  record({
    ...{ pieces: listOf(symbol), first: tokensOfSymbols, next: tokensOfSymbols },
    ...{ before: ids, after: ids, end: countOrNone },
  })(value, path);
  const { pieces, first, next, before, after, end } = value as WordTable;
  const all = [first, next].flatMap((table) => Object.values(table).flat());
  const stranger = [...all, ...before, ...after, end].find((id) => id >= pieces.length);
  if (stranger !== undefined) refuse(path, `tokens below ${pieces.length}`, stranger);
  const symbols = textSymbols();
  // No question and no answer begins with a line break.
  const lacking =
    symbols.find((symbol) => !Object.hasOwn(next, symbol)) ??
    symbols.find((symbol) => symbol.trim() !== "" && !Object.hasOwn(first, symbol));
  if (lacking !== undefined) refuse(path, `tokens of the symbol ${lacking}`, undefined);
};

const positions: Check = (value, path) => {
  for (const [name, length] of Object.entries(objectAt(value, path)))
    count(length, `${path}.${name}`);
};

export const suite: Check = (value, path) => {
  if (typeof value === "string") return oneOf(suiteNames)(value, path);
  if ("words" in objectAt(value, path)) record({ words, positions })(value, path);
  else record({ priors: texts, targets: texts, knobs })(value, path);
  try {
    suiteOf(value as SuiteRecipe);
  } catch (error) {
    // What a knob must be is known to its mini alone, which counts on its kind.
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    refuse(path, `skills and knobs that there are (${error.message})`, value);
  }
};
