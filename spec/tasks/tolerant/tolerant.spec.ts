import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countdown, finalAnswer, medcalc } from "../../../src/tasks/index.ts";
import { daysIn, lastDate } from "../../../src/tasks/tolerant/dates.ts";
import { plainMath } from "../../../src/tasks/tolerant/notation.ts";

const tolerant = { rule: "tolerant" } as const;
const minus = fc.constantFrom("-", "\u2212", "\u2013", "\ufe63", "\uff0d");

describe("plainMath(text)", () => {
  it("reads fractions within fractions ten deep, and no deeper", () => {
    const nested = (depth: number): string =>
      depth === 0 ? "1" : `\\frac{${nested(depth - 1)}}{2}`;
    expect(plainMath(nested(10))).toBe(`${"((".repeat(10)}1${")/(2))".repeat(10)}`);
    expect(plainMath(nested(11))).toBe(`\\frac{${"((".repeat(10)}1${")/(2))".repeat(10)}}{2}`);
  });
});

describe("finalAnswer, tolerant", () => {
  it.each<readonly [text: string, answer: string | undefined]>([
    ["", undefined],
    ["no number, at all.", undefined],
    ["The total is 72 clips, altogether.", "72"],
    ["x = \u22127", "-7"],
    ["x = - 7.", "-7"],
    ["from 5-7", "7"],
    ["10 - 3 = 7", "7"],
    ["It costs -$1,234.50, no more.", "-1234.50"],
    ["\\boxed{1{,}234}", "1234"],
    ["\\boxed{1\\,234}", "1234"],
    ["\\boxed{\\frac{3}{4}} of 9", "3/4"],
    ["\\boxed{-\\dfrac{3}{4}}", "-3/4"],
    ["\\boxed{2\\frac{1}{2}}", "5/2"],
    ["\\boxed{\\text{Total: } 12 \\text{ m}}", "12"],
    ["\\boxed{5} no, \\boxed{6}", "6"],
    ["$\\boxed{x = 3 + 4 = 7}$", "7"],
    ["#### 5 or 6", "5"],
    ["\\boxed{x} then 8", "8"],
    ["The final answer is 12%, of 40.", "12"],
    ["The answer is 3 + 4 = 7. There are 2 of them.", "7"],
    ["Answer:\n42", "42"],
    ["about 1.2*10^3", "1.2e3"],
    ["H2O", undefined],
    ["The answer is 1 234 567.", "1234567"],
    ["It is 1\u2019234 francs", "1234"],
    ["12 345.5 m", "12345.5"],
    ["the list 25 100 75", "75"],
    ["in 2019 300 came", "300"],
    ["The answer is 3 1/2 cups", "7/2"],
    ["-3 1/2", "-7/2"],
    ["12 7/3", "7/3"],
    ["3\u00bd cups", "7/2"],
    ["\u2154", "2/3"],
  ])("reads %j", (text, answer) => {
    expect(finalAnswer.extract(text, tolerant)).toBe(answer);
  });

  it("finds any number with either sign, grouped or not, in any frame", () => {
    const frames = [
      (n: string) => n,
      (n: string) => `It makes ${n}, as asked.`,
      (n: string) => `9 \\boxed{ ${n} } 8`,
      (n: string) => `The answer is ${n} of 12 or so, in total.`,
      (n: string) => `\\boxed{x = ${n}\\text{ m}}`,
    ];
    fc.assert(
      fc.property(
        fc.integer({ min: -1e9, max: 1e9 }),
        fc.constantFrom(...frames),
        minus,
        fc.constantFrom("", ",", "\u202f", "{,}", "\\,", " ", "\u2019"),
        (n, frame, sign, comma) => {
          const digits = `${Math.abs(n)}`.replace(/\B(?=(\d{3})+$)/g, comma);
          const text = frame(`${n < 0 ? sign : ""}${digits}`);
          expect(finalAnswer.match(text, `#### ${n}`, tolerant), text).toBe(true);
          expect(finalAnswer.match(text, `${n + 1}`, tolerant), text).toBe(false);
        },
      ),
    );
  });

  it("takes equal fractions and decimals for the same, and nothing for no number", () => {
    expect(finalAnswer.match("\\boxed{\\frac{1}{3}}", "2/6", tolerant)).toBe(true);
    expect(finalAnswer.match("0.75", "\\boxed{\\frac{3}{4}}", tolerant)).toBe(true);
    expect(finalAnswer.match("0.33", "\\boxed{\\frac{1}{3}}", tolerant)).toBe(false);
    expect(finalAnswer.match("none", "none", tolerant)).toBe(false);
    expect(finalAnswer.match("1/0", "1/0", tolerant)).toBe(false);
  });

  it("refuses a rule that it does not know", () => {
    const other = { rule: "lenient" as "paper" };
    expect(() => finalAnswer.match("1", "1", other)).toThrow(RangeError);
    expect(() => finalAnswer.extract("1", other)).toThrow("expected one of paper, tolerant");
  });
});

describe("countdown, tolerant", () => {
  const judge = (text: string): boolean =>
    countdown.verify({ numbers: [3, 5, 2], target: 16, text }, tolerant);

  it.each<readonly [text: string, correct: boolean]>([
    ["\\boxed{(3+5) \u00d7 2}", true],
    ["\\boxed{(3+5)\\cdot 2}", true],
    ["\\boxed{\\left(3+5\\right)\\times 2 = 16}", true],
    ["\\boxed{16 = [3 + 5] x 2}", true],
    ["\\boxed{2(3+5)}", true],
    ["\\boxed{(3+5)2}.", true],
    ["\\boxed{(3+5)\\div\\frac{2}{2}}", false],
    ["\\boxed{\\frac{3+5}{\\frac{1}{2}}}", false],
    ["\\boxed{1} no: \\boxed{(3 + 5)*2}", true],
    ["<answer>(3 + 5) * 2</answer>", true],
    ["So we get:\nAnswer: $(3+5)*2$.", true],
    ["First (3+2)*5 = 25, no.\nThe answer is (3+5)*2 = 16.", true],
    ["An expression would be $(3 + 5) \\times 2$", true],
    ["The answer is 16", false],
    ["\\boxed{(3+5)*2 = 17}", false],
    ["\\boxed{(3+5)*2*1}", false],
    ["\\boxed{16}", false],
    ["\\boxed{3*5+2/2}", false],
    ["\\boxed{(3+5)**2}", false],
    ["\\boxed{(3+5*2}", false],
    ["\\boxed{= 16}", false],
    ["\\boxed{}", false],
    ["", false],
  ])("%j is %s", (text, correct) => {
    expect(judge(text)).toBe(correct);
  });

  it("divides with every sign, exactly", () => {
    const attempt = { numbers: [1, 49, 49], target: 1 };
    for (const answer of ["(1/49)*49", "(1\u00f749)\u00d749", "\\frac{1}{49}\\cdot 49", "1:49*49"])
      expect(countdown.verify({ ...attempt, text: `\\boxed{${answer}}` }, tolerant)).toBe(true);
  });

  it("accepts what the exact rule accepts, of drawn games", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(9), { minLength: 2, maxLength: 4 }),
        fc.nat(50),
        (numbers, target) => {
          const solution = countdown.solve(numbers, target);
          if (solution === undefined) return;
          const text = `\\boxed{${countdown.format(solution)}}`;
          expect(countdown.verify({ numbers, target, text }, tolerant)).toBe(true);
          expect(countdown.verify({ numbers, target: target + 1, text }, tolerant)).toBe(false);
          expect(countdown.verify({ numbers: [...numbers, 1], target, text }, tolerant)).toBe(
            false,
          );
        },
      ),
    );
  });
});

describe("medcalc.score, tolerant", () => {
  const date = ["05/07/2023", "05/07/2023", "05/07/2023"] as const;
  const weeks = Array<string>(3).fill("('17 weeks', '4 days')") as [string, string, string];
  const judge = (
    text: string,
    calculatorId: number,
    [groundTruth, lower, upper]: readonly [string, string, string],
  ): boolean => {
    const row = { text, calculatorId, groundTruth, lower, upper };
    return medcalc.score(row, "tolerant").correct;
  };

  it.each<
    readonly [answer: string, id: number, bounds: readonly [string, string, string], boolean]
  >([
    ["1,234", 22, ["1234", "1172", "1296"], true],
    ["234", 22, ["1234", "1172", "1296"], false],
    ["\u22123 mL", 38, ["-3", "-3.15", "-2.85"], true],
    ["-3", 38, ["-3", "-2.85", "-3.15"], true],
    ["35%", 46, ["35", "33.25", "36.75"], true],
    ["35 %", 46, ["0.35", "0.3325", "0.3675"], true],
    ["33.25", 46, ["35", "33.25", "36.75"], true],
    ["36.75", 46, ["35", "33.25", "36.75"], true],
    ["36.76", 46, ["35", "33.25", "36.75"], false],
    ["93 mL/min/1.73 m\u00b2", 9, ["93", "90", "96"], true],
    ["(84 + 2*57)/3 = 66 mmHg", 5, ["66", "62.7", "69.3"], true],
    ["str(84/3 + 2*57/3)", 5, ["66", "62.7", "69.3"], true],
    ["12 out of 15", 21, ["12", "12", "12"], true],
    ["12/15", 21, ["12", "12", "12"], true],
    ["12 points (of 15)", 21, ["12", "12", "12"], true],
    ["11", 21, ["12", "12", "12"], false],
    ["2023-05-07", 13, date, true],
    ["May 7, 2023", 13, date, true],
    ["on the 7th of May 2023", 13, date, true],
    ["5/7/2023", 13, date, true],
    ["2023-02-30", 13, date, false],
    ["07/05/2023", 13, date, false],
    ["17 weeks and 4 days", 69, weeks, true],
    ["17w4d", 69, weeks, true],
    ["(17, 4)", 69, weeks, true],
    ["123 days", 69, weeks, true],
    ["17 weeks", 69, weeks, false],
    ["N/A", 69, weeks, false],
  ])("reads %j of calculator %d", (answer, id, bounds, correct) => {
    for (const text of [
      `{"answer": "${answer}"}`,
      `<answer>{"answer": "${answer}"}</answer>`,
      `{"step_by_step_thinking": "1 and 2", "answer": "${answer}"`,
    ])
      expect(judge(text, id, bounds), text).toBe(correct);
  });

  it("reads prose", () => {
    const bounds = ["303", "287", "318"] as const;
    expect(judge("The serum osmolality is 303 mOsm/kg.", 30, bounds)).toBe(true);
    expect(judge("With 140 of sodium the answer is 303, not 280.", 30, bounds)).toBe(true);
    expect(judge("I cannot say.", 30, bounds)).toBe(false);
    expect(judge("She is due on May 7, 2023 or so.", 13, date)).toBe(true);
    expect(judge("", 30, bounds)).toBe(false);
  });

  it("refuses a scorer that it does not know", () => {
    const row = { text: "", calculatorId: 5, groundTruth: 1, lower: 1, upper: 1 };
    expect(() => medcalc.score(row, "lenient" as "paper")).toThrow(RangeError);
  });
});

describe("dates and spans", () => {
  it("reads any day in every spelling, and none from what is no day", () => {
    const names =
      "January,February,March,April,May,June,July,August,September,October,November,December";
    const min = new Date("1900-01-01T00:00:00Z");
    const max = new Date("2100-12-31T00:00:00Z");
    const two = (n: number): string => `${n}`.padStart(2, "0");
    fc.assert(
      fc.property(fc.date({ min, max, noInvalidDate: true }), (date) => {
        const [y, m, d] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
        const name = names.split(",")[m - 1] ?? "";
        const spellings = [
          ...[`${y}-${two(m)}-${two(d)}`, `${y}/${m}/${d}`, `${two(m)}/${two(d)}/${y}`],
          ...[
            `${m}/${d}/${y}`,
            `${two(d)}.${two(m)}.${y}`,
            `${name} ${d}, ${y}`,
            `${d} ${name} ${y}`,
          ],
          ...[
            `${name.slice(0, 3)}. ${d}th, ${y}`,
            `the ${d}th of ${name}, ${y}`,
            `${d}-${name}-${y}`,
          ],
        ];
        for (const spelling of spellings)
          expect(lastDate(`due ${spelling}.`), spelling).toBe(`${two(m)}/${two(d)}/${y}`);
      }),
      { numRuns: 300 },
    );
    for (const text of ["", "2023-13-01", "31/31/2023", "Foo 7, 2023", "1/2/2023/4", "7, 2023"])
      expect(lastDate(text), text).toBeUndefined();
    expect(lastDate("not 05/06/2023 but May 7, 2023")).toBe("05/07/2023");
  });

  it("reads spans", () => {
    expect(daysIn("('17 weeks', '4 days')")).toBe(123);
    expect(daysIn("1 week 1 day")).toBe(8);
    expect(daysIn("17+4")).toBe(123);
    expect(daysIn("two weeks")).toBeUndefined();
    for (const span of ["17+4 weeks", "17 4/7 weeks", "17 + 4/7 weeks", "17.57 weeks"])
      expect(daysIn(span), span).toBe(123);
    expect(daysIn("17.5 weeks")).toBeUndefined();
  });
});
