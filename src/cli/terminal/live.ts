import { styleText } from "node:util";
import type { Output } from "./command.ts";

/** Lines that are drawn anew at a terminal's end, below lines that stay. */
export interface LiveLines {
  /** A line that stays. */
  say(line: string): void;
  /**
   * Draws these in place of those that were drawn last; all but the first are dim, unless NO_COLOR
   * is set.
   */
  redraw(lines: readonly string[]): void;
  /** Takes them away. */
  erase(): void;
}

/** Parts in a line of fewer than so many columns: what finds no room is left out whole, from the end. */
export function fitting(parts: readonly string[], columns: number, between = " · "): string {
  let line = (parts[0] ?? "").slice(0, Math.max(0, columns - 1));
  for (const part of parts.slice(1)) {
    const longer = `${line}${between}${part}`;
    if (longer.length >= columns) break;
    line = longer;
  }
  return line;
}

export function liveLines(
  out: Output,
  env: Readonly<Record<string, string | undefined>> = process.env,
): LiveLines {
  const isPlain = (env["NO_COLOR"] ?? "") !== "";
  let drawn = 0;
  const erase = (): void => {
    if (drawn > 0) out.write(`\x1b[${drawn}F\x1b[0J`);
    drawn = 0;
  };
  return {
    erase,
    say(line) {
      erase();
      out.write(`${line}\n`);
    },
    redraw(lines) {
      erase();
      const dim = (text: string, i: number): string =>
        i === 0 || isPlain ? text : styleText("dim", text, { validateStream: false });
      out.write(lines.map((line, i) => `${dim(line, i)}\n`).join(""));
      drawn = lines.length;
    },
  };
}
