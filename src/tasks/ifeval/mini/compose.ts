import type { Constraint, Kind } from "./constraints.ts";
import { CAP, storyWords, UP } from "./symbols.ts";

/** Words that a response has if nothing is asked. */
const USUAL_LENGTH = 4;

/** The arguments of a constraint among those asked for. */
const argsOf = (constraints: readonly Constraint[], kind: Kind): readonly string[] | undefined => {
  const found = constraints.find(([name]) => name === kind);
  return found?.slice(1);
};

/** The words after `topic` in their circle, without the forbidden one. */
function chain(topic: string, count: number, forbidden: string | undefined): readonly string[] {
  const allowed = storyWords.filter((word) => word !== forbidden || word === topic);
  const start = allowed.indexOf(topic);
  return Array.from(
    { length: Math.max(count, 0) },
    (_, i) => allowed[(start + i) % allowed.length] as string,
  );
}

/** As many words with the letter as make up for what the others lack. */
function lettersFor(
  words: readonly string[],
  args: readonly string[] | undefined,
  forbidden: string | undefined,
): readonly string[] {
  if (args === undefined) return [];
  const [letter, , count] = args as [string, string, string];
  const inWord = (word: string): number => word.split(letter).length - 1;
  const rich = storyWords
    .filter((word) => word !== forbidden)
    .reduce((best, word) => (inWord(word) > inWord(best) ? word : best));
  const lacking = Number(count) - words.reduce((sum, word) => sum + inWord(word), 0);
  return Array.from({ length: Math.max(0, Math.ceil(lacking / inWord(rich))) }, () => rich);
}

/** The words of a response, in order. */
function wordsFor(topic: string, constraints: readonly Constraint[], others: number): string[] {
  const forbidden = argsOf(constraints, "not")?.[0];
  const [relation, count] = argsOf(constraints, "words") ?? [];
  const has = argsOf(constraints, "has") ?? [];
  const end = argsOf(constraints, "end") ?? [];
  const rest = [...has, ...end];
  const wanted =
    relation === undefined
      ? USUAL_LENGTH
      : relation === ">="
        ? Number(count)
        : Math.min(Number(count) - 1, USUAL_LENGTH + others);
  const parts = Number(argsOf(constraints, "bullets")?.[0] ?? (argsOf(constraints, "two") && 2));
  const start = chain(
    topic,
    Math.max(wanted - others - rest.length, (parts || 1) - rest.length, 1),
    forbidden,
  );
  const extra = lettersFor([...start, ...rest], argsOf(constraints, "letter"), forbidden);
  return [...start, ...has, ...extra, ...end];
}

/** The words in the form that is asked for: bullets, two responses, or a comma after the second. */
function arranged(words: readonly string[], constraints: readonly Constraint[]): readonly string[] {
  const bullets = argsOf(constraints, "bullets");
  if (bullets !== undefined) {
    const count = Number(bullets[0]);
    return words.flatMap((word, i) => (i < count ? [...(i > 0 ? ["\n"] : []), "*", word] : [word]));
  }
  const [first, second, ...rest] = words as readonly [string, string, ...string[]];
  if (argsOf(constraints, "two") !== undefined) return [first, "******", second, ...rest];
  const comma = argsOf(constraints, "no") === undefined && words.length > 2 ? [","] : [];
  return second === undefined ? [first] : [first, second, ...comma, ...rest];
}

/**
 * A response that follows the constraints, always the same: the topic and the words after it, what
 * has to be in it, and the marks. Undefined constraints aside, it may fail where two of them leave
 * no room for each other.
 */
export function compose(topic: string, constraints: readonly Constraint[]): readonly string[] {
  const has = (kind: Kind): boolean => argsOf(constraints, kind) !== undefined;
  const slots = Number(argsOf(constraints, "slots")?.[1] ?? 0);
  const title = has("title") ? ["<<", topic, ">>", "\n"] : [];
  const body = arranged(wordsFor(topic, constraints, slots + (has("title") ? 1 : 0)), constraints);
  const placeholders = Array.from({ length: slots }, () => ["[", topic, "]"]).flat();
  const caseMark = has("upper") ? [UP] : has("lower") ? [] : [CAP];
  const quote = has("quote") ? ['"'] : [];
  // Placeholders stand before the last word, so that the end stays the end.
  const inside = [...body.slice(0, -1), ...placeholders, ...body.slice(-1)];
  return [...caseMark, ...quote, ...title, ...inside, ...quote];
}
