import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countHeadings, countKeyword, hasWord } from "../../../src/tasks/ifeval/keywords.ts";
import { compile } from "../../../src/tasks/ifeval/match.ts";
import { PatternError } from "../../../src/tasks/ifeval/pattern.ts";
import { ifeval } from "../../../src/tasks/index.ts";

/** Patterns that JavaScript reads as Python does. */
const { pattern } = fc.letrec<{ pattern: string; part: string; atom: string }>((tie) => ({
  atom: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom("a", "b", "B", "é", ".", "[ab]", "[^a]", "\\w", "\\d", "\\.", "\\b", "^"),
    tie("pattern").map((inner) => `(${inner})`),
    tie("pattern").map((inner) => `(?:${inner})`),
  ),
  part: fc
    .tuple(
      tie("atom"),
      fc.constantFrom("", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}"),
    )
    .map(([atom, times]) => (/^(?:\\b|\^)$/.test(atom) ? atom : `${atom}${times}`)),
  pattern: fc
    .array(fc.array(tie("part"), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 2 })
    .map((choices) => choices.map((parts) => parts.join("")).join("|")),
}));

const text = fc.string({
  unit: fc.constantFrom("a", "b", "A", "B", "1", " ", ".", "\n"),
  maxLength: 12,
});

/** Undefined for what is refused. */
const count = (source: string, subject: string): number | undefined => {
  try {
    return compile(source, { ignoreCase: true }).count(subject);
  } catch (error) {
    if (error instanceof PatternError) return undefined;
    throw error;
  }
};

describe("compile(pattern).count(text)", () => {
  it("finds what a regular expression finds", () => {
    fc.assert(
      fc.property(pattern, text, (source, subject) => {
        const found = count(source, subject);
        fc.pre(found !== undefined);
        expect(found).toBe([...subject.matchAll(new RegExp(source, "gi"))].length);
      }),
      { numRuns: 3000 },
    );
  });

  it("is of the language of Python where that differs", () => {
    expect(compile("a$").count("a\n")).toBe(1);
    expect(compile("^a$", { multiline: true }).count("a\nb\na")).toBe(2);
    expect(compile("\\w+").count("été ж_1")).toBe(2);
    expect(compile("\\d").count("٣3")).toBe(2);
    expect(compile("s", { ignoreCase: true }).count("Ssſ")).toBe(3);
    expect(compile("(?P<name>a)b").count("ab")).toBe(1);
    expect(compile(".").count("😀")).toBe(1);
    expect(compile(".").count("\n\v\r\u2028")).toBe(3);
    expect(compile("a*").count("baac")).toBe(4);
    expect(compile("a{,2}b").count("aaab")).toBe(1);
    expect(compile("a{x}").count("a{x}")).toBe(1);
  });

  it.each([
    "(",
    "a)",
    "*a",
    "a**",
    "[a",
    "[b-a]",
    "(a)\\1",
    "(?=a)",
    "(?!a)",
    "(a*)*",
    "\\",
    "a{9,1}",
  ])("refuses %s", (source) => {
    expect(() => compile(source)).toThrow(PatternError);
  });

  it("takes steps in proportion to the text, whatever the pattern", () => {
    const subject = "a".repeat(10_000);
    for (const source of ["(a|a)+b", "(a+a+)+b", "a.*a.*a.*b", "(x+x+)+y|a*a*a*a*c"])
      expect(compile(source).count(subject)).toBe(0);
    expect(countKeyword(subject, "(a+)+$")).toBe(1);
    expect(hasWord(subject, "(a?a?a?)+b")).toBe(false);
  });

  it("refuses an automaton that would take too many steps a character", () => {
    expect(compile(`a{140}`).count("a".repeat(280))).toBe(2);
    expect(() => compile("a{160}")).toThrow(PatternError);
    expect(() => compile("(?:(?:a{9}){9}){9}")).toThrow(PatternError);
  });
});

/** What makes a backtracking matcher slow, nested and in a row. */
const { hostile } = fc.letrec<{ hostile: string; piece: string }>((tie) => ({
  piece: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(
      "a",
      "a+",
      "a*",
      "a?",
      ".*",
      "\\w+",
      "[a ]*",
      "\\b",
      "(a|a)",
      "(a|aa)",
      "a{1,9}",
    ),
    fc
      .tuple(tie("hostile"), fc.constantFrom("*", "+", "?", "{2}", "{1,9}", "+?"))
      .map(([inner, times]) => `(${inner})${times}`),
  ),
  hostile: fc.array(tie("piece"), { minLength: 1, maxLength: 5 }).map((parts) => parts.join("")),
}));

/**
 * No clock: with 10 kB of text the work is at most 150 steps a character for each of a response's
 * eight loose variants; a matcher that backtracks would not end.
 */
describe("users' patterns", () => {
  const subjects = ["a", "a ", "aa\n", "*a\n", "a.*"].map((piece) =>
    piece.repeat(Math.ceil(10_000 / piece.length)),
  );
  it("have a verdict for hostile texts, whatever the pattern", () => {
    fc.assert(
      fc.property(hostile, fc.constantFrom("b", "$", ""), (start, end) => {
        const keyword = start + end;
        for (const response of subjects) {
          const ask = (id: ifeval.InstructionId, kwargs: ifeval.Kwargs) =>
            ifeval.verify({ instructionId: id, kwargs, response }, { loose: true });
          const frequency = { keyword, frequency: 1, relation: "at least" };
          const exists = ask("keywords:existence", { keywords: [keyword] });
          expect(ask("keywords:frequency", frequency)).toBe(exists);
          ask("keywords:forbidden_words", { forbidden_words: [keyword] });
          ask("detectable_content:postscript", { postscript_marker: keyword });
        }
      }),
      { numRuns: 15 },
    );
  });
});

/** Mostly no patterns. */
const unreadable = fc.string({
  unit: fc.constantFrom("(", ")", "[", "*", "+", "?", "\\", "a", "é", "😀"),
  minLength: 2,
});

describe("countKeyword(text, keyword)", () => {
  it("takes what is no pattern for the characters themselves", () => {
    fc.assert(
      fc.property(unreadable, text, (keyword, rest) => {
        fc.pre(count(keyword, "") === undefined);
        expect(countKeyword(rest + keyword, keyword)).toBeGreaterThan(0);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("countHeadings(text, splitter)", () => {
  it("takes what is no pattern by itself for the characters themselves, though a number follows", () => {
    fc.assert(
      fc.property(unreadable, (splitter) => {
        fc.pre(count(splitter, "") === undefined);
        expect(countHeadings(`${splitter} 1 ${splitter} 2`, splitter)).toBe(2);
      }),
      { numRuns: 1000 },
    );
    expect(countHeadings("Part\\ 1 Part\\ 2", "Part\\")).toBe(2);
  });
});
