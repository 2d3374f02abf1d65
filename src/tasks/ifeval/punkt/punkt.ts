import { isSpace, skipSpace } from "../text.ts";
import {
  isClosing,
  isEllipsis,
  isInitial,
  isNumber,
  startsLower,
  startsUpper,
  tokenize,
  typeOf,
} from "./tokens.ts";

/**
 * Splitting text into sentences by the decision rules of Kiss and Strunk, "Unsupervised
 * multilingual sentence boundary detection" (2006).
 */

/** Where a word was seen with a capital (`upper`) and without (`lower`): bits, to be added up. */
export const seen: Readonly<Record<"upperInside" | "upper" | "lowerAtStart" | "lower", number>> = {
  upperInside: 4,
  upper: 2 + 4 + 8,
  lowerAtStart: 16,
  lower: 16 + 32 + 64,
};

/** What Punkt learns from a corpus; all words in lower case. */
export interface PunktParameters {
  /** Without the last period. */
  readonly abbreviations: ReadonlySet<string>;
  /** Pairs that belong together across a period, joined by a tab. */
  readonly collocations: ReadonlySet<string>;
  /** Words that often begin a sentence. */
  readonly starters: ReadonlySet<string>;
  /** Sums of the bits of `seen`; 0 for a word that is not here. */
  readonly contexts: ReadonlyMap<string, number>;
}

/** A place where a sentence may end. */
interface Candidate {
  /** Index of the `.`, `?` or `!`. */
  readonly at: number;
  readonly wordStart: number;
  /** Where the next sentence would begin. */
  readonly next: number;
  /** Where what follows and may decide ends: a mark of punctuation or, after space, a token. */
  readonly contextEnd: number;
}

/** The places where a sentence may end; of several in one word only the last. */
function candidates(text: string): Candidate[] {
  const found: Candidate[] = [];
  let previous: Candidate | undefined;
  const terminator = /[.?!]/g;
  while (terminator.test(text)) {
    const at = terminator.lastIndex - 1;
    const follows = following(text, at);
    if (follows === undefined) continue;
    const start = wordStart(text, previous, at);
    if (previous !== undefined && previous.at <= start) found.push(previous);
    const { next, contextEnd } = follows;
    previous = { at, wordStart: start, next, contextEnd };
  }
  return previous === undefined ? found : [...found, previous];
}

function following(text: string, at: number): Pick<Candidate, "next" | "contextEnd"> | undefined {
  const after = at + 1;
  if (isClosing(text, after)) return { next: after, contextEnd: after + 1 };
  const next = skipSpace(text, after);
  if (next === after || next === text.length) return undefined;
  let end = next;
  while (end < text.length && !isSpace(text.charCodeAt(end))) end++;
  return { next, contextEnd: end };
}

/** After the last ASCII white space since the previous candidate, else where its word starts. */
function wordStart(text: string, previous: Candidate | undefined, at: number): number {
  const from = previous?.at ?? 0;
  for (let i = at - 1; i > from; i--) {
    const code = text.charCodeAt(i);
    if (code === 32 || (code >= 9 && code <= 13)) return i + 1;
  }
  return previous?.wordStart ?? 0;
}

/** What the first pass makes of a token. */
interface Mark {
  readonly ends: boolean;
  readonly isAbbreviation: boolean;
}

/** First pass, by the token alone: end of a sentence, or abbreviation. */
function mark(token: string, { abbreviations }: PunktParameters): Mark {
  if (token === "." || token === "?" || token === "!") return { ends: true, isAbbreviation: false };
  if (!token.endsWith(".") || token.endsWith("..")) return { ends: false, isAbbreviation: false };
  const word = token.slice(0, -1).toLowerCase();
  const isAbbreviation =
    abbreviations.has(word) || abbreviations.has(word.slice(word.lastIndexOf("-") + 1));
  return { ends: !isAbbreviation, isAbbreviation };
}

const withoutPeriod = (type: string): string =>
  type.length > 1 && type.endsWith(".") ? type.slice(0, -1) : type;

/** Whether a token begins a sentence, by its capital; undefined if that tells nothing. */
function beginsSentence(token: string, context: number): boolean | undefined {
  if (token.length === 1 && ";:,.!?".includes(token)) return false;
  if (startsUpper(token))
    return context & seen.lower && !(context & seen.upperInside) ? true : undefined;
  if (!startsLower(token)) return undefined;
  return context & seen.upper || !(context & seen.lowerAtStart) ? false : undefined;
}

/** The type of a token that stands after another one. */
const typeAfter = (token: string, parameters: PunktParameters): string =>
  mark(token, parameters).ends ? withoutPeriod(typeOf(token)) : typeOf(token);

const isCollocation = (token: string, next: string, parameters: PunktParameters): boolean =>
  parameters.collocations.size > 0 &&
  parameters.collocations.has(`${withoutPeriod(typeOf(token))}\t${typeAfter(next, parameters)}`);

/** Second pass, by the next token too: whether the sentence ends after `token`. */
function endsBefore(token: string, next: string, parameters: PunktParameters): boolean {
  const { ends, isAbbreviation } = mark(token, parameters);
  if (!token.endsWith(".")) return ends;
  if (isCollocation(token, next, parameters)) return false;
  const initial = isInitial(token);
  const asksNext = (isAbbreviation || isEllipsis(token)) && !initial;
  const asksOrder = initial || isNumber(token);
  if (!asksNext && !asksOrder) return ends;
  const nextType = typeAfter(next, parameters);
  const context = parameters.contexts.get(nextType) ?? 0;
  const begins = beginsSentence(next, context);
  const isStarter = startsUpper(next) && parameters.starters.has(nextType);
  if (asksNext && (begins === true || isStarter)) return true;
  if (asksOrder && begins === false) return false;
  const isName = begins === undefined && startsUpper(next) && !(context & seen.lower);
  if (initial && isName) return false;
  return ends;
}

const isAsciiLetter = (code: number): boolean => {
  const lower = code | 32;
  return lower >= 97 && lower <= 122;
};

/**
 * Whether a candidate is the period of a plain word of two letters or more that is no abbreviation:
 * then nothing after it matters, and most candidates need no tokens.
 */
function endsPlainWord(text: string, { at, wordStart, next }: Candidate, p: PunktParameters) {
  if (p.collocations.size > 0 || at - wordStart < 2 || text[next] === ".") return false;
  for (let i = wordStart; i < at; i++) if (!isAsciiLetter(text.charCodeAt(i))) return false;
  return !p.abbreviations.has(text.slice(wordStart, at).toLowerCase());
}

/** Whether a sentence ends inside what decides about a candidate: its word and what follows. */
function hasEnd(text: string, candidate: Candidate, parameters: PunktParameters): boolean {
  // `?` and `!` are always tokens of their own, and those end sentences.
  if (text[candidate.at] !== "." || endsPlainWord(text, candidate, parameters)) return true;
  const tokens = tokenize(text.slice(candidate.wordStart, candidate.contextEnd));
  for (let i = 1; i < tokens.length; i++)
    if (endsBefore(tokens[i - 1] as string, tokens[i] as string, parameters)) return true;
  return false;
}

type Slice = readonly [start: number, end: number];

/** Sentences, before closing quotes and brackets are given to the sentence that they close. */
function roughSlices(text: string, parameters: PunktParameters): Slice[] {
  const slices: Slice[] = [];
  let start = 0;
  for (const candidate of candidates(text))
    if (hasEnd(text, candidate, parameters)) {
      slices.push([start, candidate.at + 1]);
      start = candidate.next;
    }
  let end = text.length;
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end--;
  return [...slices, [start, end]];
}

const NONE = [0, 0] as const;

/** Length of the quotes and brackets that a slice begins with, alone, and with the space after. */
function closers(text: string, [start, end]: Slice): readonly [alone: number, all: number] {
  let at = start;
  while (at < end && "\"')]}".includes(text[at] as string)) at++;
  const after = Math.min(skipSpace(text, at), Math.max(end, at));
  const isOwn = after > at || at >= end || text.startsWith("--", at);
  return at > start && isOwn ? [at - start, after - start] : NONE;
}

/** Where the sentences of a text are, as Punkt splits it. */
function slicesOf(text: string, parameters: PunktParameters): Slice[] {
  const slices = roughSlices(text, parameters);
  const found: Slice[] = [];
  let taken = 0;
  slices.forEach((slice, i) => {
    const start = slice[0] + taken;
    const following = slices[i + 1];
    const [alone, all] = following === undefined ? NONE : closers(text, following);
    taken = all;
    if (following !== undefined && alone > 0) found.push([start, following[0] + alone]);
    else if (start < slice[1]) found.push([start, slice[1]]);
  });
  return found;
}

/** The sentences of a text. */
export const sentences = (text: string, parameters: PunktParameters): string[] =>
  slicesOf(text, parameters).map(([start, end]) => text.slice(start, end));

/** How many sentences a text has. */
export const countSentences = (text: string, parameters: PunktParameters): number =>
  slicesOf(text, parameters).length;
