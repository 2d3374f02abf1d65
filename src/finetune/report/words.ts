import { at } from "../../tensor/shapes.ts";

/** A part of a text beside another one: in both, in this one alone, or in the other alone. */
export interface Part {
  readonly kind: "same" | "added" | "left out";
  readonly text: string;
}

/** Longer comparisons look at common ends alone. */
const MOST = 250_000;

/** Words, each with the spaces before it. */
const wordsOf = (text: string): string[] => text.match(/\s*\S+|\s+$/g) ?? [];

/** How a text differs from another one, word by word: their longest common subsequence stays. */
export function differences(text: string, other: string): readonly Part[] {
  const [a, b] = [wordsOf(text), wordsOf(other)];
  const same = (i: number, j: number): boolean => at(a, i).trim() === at(b, j).trim();
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && same(start, start)) start++;
  let end = 0;
  while (end < shorter - start && same(a.length - 1 - end, b.length - 1 - end)) end++;
  const parts: Part[] = [];
  const add = (kind: Part["kind"], words: readonly string[]): void => {
    if (words.length === 0) return;
    const last = parts.at(-1);
    if (last?.kind === kind) parts[parts.length - 1] = { kind, text: last.text + words.join("") };
    else parts.push({ kind, text: words.join("") });
  };
  add("same", a.slice(0, start));
  const [mine, theirs] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  if (mine.length * theirs.length > MOST) {
    add("left out", theirs);
    add("added", mine);
  } else for (const [kind, word] of edits(mine, theirs)) add(kind, [word]);
  add("same", end === 0 ? [] : a.slice(-end));
  return parts;
}

/** What makes of `other` words `mine`, in order; what is left out comes before what is added. */
function edits(mine: readonly string[], other: readonly string[]): [Part["kind"], string][] {
  const [n, m] = [mine.length, other.length];
  // lengths[i][j]: of the longest common subsequence of mine from i and other from j.
  const lengths = Array.from({ length: n + 1 }, () => new Uint32Array(m + 1));
  const same = (i: number, j: number): boolean => at(mine, i).trim() === at(other, j).trim();
  const of = (i: number, j: number): number => at(at(lengths, i), j);
  for (let i = n - 1; i >= 0; i--)
    for (let j = m - 1; j >= 0; j--)
      at(lengths, i)[j] = same(i, j) ? of(i + 1, j + 1) + 1 : Math.max(of(i + 1, j), of(i, j + 1));
  const made: [Part["kind"], string][] = [];
  let [i, j] = [0, 0];
  while (i < n || j < m) {
    if (i < n && j < m && same(i, j)) {
      made.push(["same", at(mine, i)]);
      i++;
      j++;
    } else if (j < m && (i === n || of(i, j + 1) >= of(i + 1, j)))
      made.push(["left out", at(other, j++)]);
    else made.push(["added", at(mine, i++)]);
  }
  return made;
}
