import { count, percent } from "../../report/format.ts";
import type { Count } from "./questions.ts";

const MISSING = "–";

/** A line of a table: how many, and the share of them for which each column held. */
export interface ScoreLine {
  readonly line: string;
  readonly count: number;
  readonly shares: Readonly<Record<string, number>>;
}

/** `op 9` before `op 10`. */
const byName = new Intl.Collator("en", { numeric: true });

/**
 * Sums up what held. Lines come in the order of `first`, then by name; a share is of those
 * responses that the column says something of.
 */
export function tally(counts: readonly Count[], first: readonly string[]): readonly ScoreLine[] {
  const lines = new Map<string, Count[]>(first.map((line) => [line, []]));
  for (const count of counts) {
    const of = lines.get(count.line) ?? [];
    lines.set(count.line, of);
    of.push(count);
  }
  const rest = [...lines.keys()].filter((line) => !first.includes(line)).sort(byName.compare);
  return [...first, ...rest].flatMap((line) => {
    const of = lines.get(line) ?? [];
    return of.length === 0 ? [] : [{ line, count: of.length, shares: sharesOf(of) }];
  });
}

function sharesOf(of: readonly Count[]): Readonly<Record<string, number>> {
  const columns = new Set(of.flatMap(({ held }) => Object.keys(held)));
  return Object.fromEntries(
    [...columns].map((column) => {
      const said = of.flatMap(({ held }) => held[column] ?? []);
      return [column, said.filter(Boolean).length / said.length];
    }),
  );
}

/** The table as text: a line's name, how many, then each column in percent. */
export function renderScores(lines: readonly ScoreLine[], columns: readonly string[]): string {
  const head = ["", "n", ...columns.map((column) => `${column} %`)];
  const body = lines.map(({ line, count: n, shares }) => [
    line,
    count(n),
    ...columns.map((column) => {
      const value = shares[column];
      return value === undefined ? MISSING : percent(value);
    }),
  ]);
  const widths = head.map((_, i) => Math.max(...[head, ...body].map((row) => row[i]?.length ?? 0)));
  const render = (row: readonly string[]): string =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  return [head, ...body].map((row) => `${render(row)}\n`).join("");
}
