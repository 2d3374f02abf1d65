import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reflow } from "../../src/cli/terminal/reflow.ts";

const word = fc.stringMatching(/^[a-z]{1,12}$/);
const prose = fc.array(word, { minLength: 1, maxLength: 60 }).map((words) => words.join(" "));
const wordsOf = (text: string): string[] => text.split(/\s+/).filter((each) => /[a-z]/.test(each));

describe("reflow(text, columns)", () => {
  it("keeps every word, in lines that fit", () => {
    const entry = fc.tuple(word, prose).map(([term, about]) => `  --${term}`.padEnd(26) + about);
    fc.assert(
      fc.property(fc.array(fc.oneof(prose, entry, fc.constant(""))), (lines) => {
        const text = lines.join("\n");
        const made = reflow(text);
        expect(wordsOf(made)).toEqual(wordsOf(text));
        for (const line of made.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
        expect(reflow(made)).toBe(made);
      }),
    );
  });

  it("keeps columns, and breaks commands as a shell reads them", () => {
    const text = [
      "Options",
      "  --a <n>       one two three",
      "                four",
      "  --longer-than-its-column",
      "                five",
      "  npx anchorgrad evaluate --model base",
      "",
    ].join("\n");
    expect(reflow(text, 28)).toBe(
      [
        "Options",
        "  --a <n>       one two",
        "                three four",
        "  --longer-than-its-column",
        "                five",
        "  npx anchorgrad evaluate \\",
        "    --model base",
        "",
      ].join("\n"),
    );
  });
});
