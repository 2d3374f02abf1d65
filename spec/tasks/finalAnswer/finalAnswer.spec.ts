import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finalAnswer } from "../../../src/tasks/index.ts";
import { oracle, oracleRows } from "../oracle.ts";

const VERDICTS = "igsm-final-answer.jsonl";
const { absent, reason } = oracle(VERDICTS);

interface Verdict {
  readonly text: string;
  readonly reference: string;
  readonly paperExtracted: string;
  readonly paperReference: string;
  readonly paperCorrect: boolean;
}

/** What the original writes for a text without a number. */
const NOTHING = "-1000000000";

describe("match(text, reference)", () => {
  it.skipIf(absent)(`gives every verdict of the original${reason}`, () => {
    const rows = oracleRows<Verdict>(VERDICTS);
    const wrong = rows.filter(
      ({ text, reference, paperExtracted, paperReference, paperCorrect }) =>
        finalAnswer.match(text, reference) !== paperCorrect ||
        (finalAnswer.extract(text) ?? NOTHING) !== paperExtracted ||
        (finalAnswer.extract(reference) ?? NOTHING) !== paperReference,
    );
    expect(rows.length).toBeGreaterThan(100);
    expect(wrong).toEqual([]);
  });

  it.each<readonly [text: string, answer: string | undefined]>([
    ["", undefined],
    ["no number", undefined],
    ["a. b. c.", undefined],
    ["so x = 3 + 4 = 7.", "7"],
    ["It costs 1,234 dollars", "1234"],
    ["#### 5 or 6", "5"],
    ["5 then #### six", undefined],
    ["5 then ### 6 or 7", "7"],
    ["\\boxed{5} and \\boxed{6} and 7", "5"],
    ["\\boxed{x} and 7", "7"],
    ["\\boxed{5} #### 6", "6"],
    ["below -3", "-3"],
    ["7..", "7"],
    [" 2.50 ", "2.50"],
  ])("extracts from %j", (text, answer) => {
    expect(finalAnswer.extract(text)).toBe(answer);
  });

  it("compares numbers, not texts", () => {
    expect(finalAnswer.match("07.0", "7")).toBe(true);
    expect(finalAnswer.match("1,000", "\\boxed{1000}")).toBe(true);
    expect(finalAnswer.match("-7", "7")).toBe(false);
    expect(finalAnswer.match("1.2.3", "1.2.3")).toBe(false);
    expect(finalAnswer.match("none", "none")).toBe(false);
    expect(finalAnswer.match(",", "0")).toBe(false);
  });

  it("finds any integer however it is given, and judges any text", () => {
    const frames = [
      (n: number) => `${n}`,
      (n: number) => `3 and 4 make ${n}.`,
      (n: number) => `9 \\boxed{ ${n} } 8`,
      (n: number) => `\\boxed{8} #### ${n}`,
    ];
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(...frames), (n, frame) => {
        expect(finalAnswer.match(frame(n), `#### ${n}`)).toBe(true);
        expect(finalAnswer.match(frame(n), `${n + 1}`)).toBe(false);
      }),
    );
    const unit = fc.constantFrom("#", "boxed{", "-", ",", ".", "1", "0", " ", "}", "\n", "é");
    fc.assert(
      fc.property(fc.string({ unit }), fc.string({ unit }), (text, reference) => {
        expect(finalAnswer.match(text, reference)).toBe(finalAnswer.match(reference, text));
      }),
      { numRuns: 2000 },
    );
    for (const piece of ["#", "####", "#### ", "boxed{", "-", ",", ".", "1", " "])
      expect(typeof finalAnswer.match(piece.repeat(10_000), "1")).toBe("boolean");
  });
});
