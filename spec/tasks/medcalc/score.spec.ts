import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accuracy, calculators, type Scorer, score } from "../../../src/tasks/medcalc/index.ts";
import { evaluateExpression } from "../../../src/tasks/medcalc/scoring/expression.ts";
import { show } from "../../../src/tasks/medcalc/scoring/python.ts";

const judge = (
  text: string,
  calculatorId: number,
  [groundTruth, lower = groundTruth, upper = groundTruth]: readonly [string, string?, string?],
  scorer: Scorer,
): [string | null, boolean] => {
  const verdict = score({ text, calculatorId, groundTruth, lower, upper }, scorer);
  return [verdict.extracted, verdict.correct];
};

const map = ["66", "62.7", "69.3"] as const;
const gcs = ["12"] as const;
const due = ["02/09/2024"] as const;
const weeks = ["('8 weeks', '4 days')"] as const;

describe("score(response, medcalc-bench)", () => {
  it.each([
    ['{"answer": "66"}', "66", true],
    ['{"Answer": 66.00 mmHg}', "66.0", true],
    ['{"answer": "62.6"}', "62.6", false],
    ['first {"answer": "1"} then {"answer": "69.3"}', "69.3", true],
    ['{"answer": "str(84/3 + 2*57/3)"}', "66.0", true],
    ['{"answer": "str(round((84 + 2 * 57) / 3)"}', "66", true],
    ['{"answer": "str((84 kg + 2 * 57 mg/dl) / 3) # mean"}', "66.0", true],
    ['{"answer": "str(84/3 + 2*57/3))"}', "66.0", true],
    ['{"answer": "str(pow(2))"}', null, false],
    ['{"answer": "str(math.sqrt(4356, 2))"}', null, false],
    ['{"answer": "str(62 + math.log(16, 2))"}', "66.0", true],
    ['{"answer": "62.7"}', "62.7", true],
    ['{"answer": "69.31"}', "69.31", false],
    ['{"answer": "66 mL/min/1.73 m², 9"}', "66", true],
    ['{"answer": "6600%"}', "66.0", true],
    ['{"answer": "066"}', null, false],
    ['{"answer": "N/A"}', null, false],
    ['{"answer": "str(short_and_direct_answer_of_the_question)"}', null, false],
    ['{"answer": "66"', null, false],
    ['{"answer":\n "66"}', "66", true],
    ['{"answer": "6\n6"}', null, false],
    ["66", null, false],
    ["", null, false],
  ])("reads %j as the decimal %j", (text, extracted, correct) => {
    expect(judge(text, 5, map, "medcalc-bench")).toEqual([extracted, correct]);
  });

  it.each([
    ['{"answer": "12 out of 15"}', "12", true],
    ['{"answer": "1, 2, 3"}', "3", false],
    ['{"answer": "12.5"}', "12.5", true],
    ['{"answer": "11.5"}', "11.5", true],
    ['{"answer": "-12"}', "-12", false],
    ['{"answer": "1.2e+01"}', null, false],
  ])("reads %j as the whole number %j, halves to even", (text, extracted, correct) => {
    expect(judge(text, 21, gcs, "medcalc-bench")).toEqual([extracted, correct]);
  });

  it.each([
    ['{"answer": "2/9/2024"}', 13, due, "02/09/2024", true],
    ['{"answer": "02/10/2024, 12:00"}', 13, due, "02/10/2024", false],
    ['{"answer": "02/30/2024"}', 13, due, null, false],
    ['{"answer": "on 02/09/2024"}', 13, due, null, false],
    ["{\"answer\": \"('8 weeks', '4 days')\"}", 69, weeks, "(8, 4)", true],
    ['{"answer": [8, 4]}', 69, weeks, "(8, 4)", true],
    ['{"answer": "18 weeks and 4 days"}', 69, weeks, "(1, 8)", false],
    ['{"answer": "8 weeks"}', 69, weeks, null, false],
  ] as const)("reads %j of calculator %d", (text, id, truth, extracted, correct) => {
    expect(judge(text, id, truth, "medcalc-bench")).toEqual([extracted, correct]);
  });
});

describe("score(response, paper)", () => {
  it.each([
    ['<answer>{"answer": "66"}</answer>', 5, map, "66", true],
    ['<answer>{"answer": "66 mmHg"}}</answer>', 5, map, "66", true],
    ['<answer>{"answer": "6.6e1"}</answer>', 5, map, "6.6e1", true],
    ['<answer>{"answer": "0x42"}</answer>', 5, map, "0x42", false],
    ['<answer>{"answer": 66}</answer>', 5, map, "-1000000000", false],
    ['<answer>{"answer": "12.0"}</answer>', 21, gcs, "12.0", false],
    ['<answer>{"answer": "(8 weeks, 4 days)"}</answer>', 69, weeks, "(8weeks,4days)", true],
    ['<answer>{"answer": "2/9/2024"}</answer>', 13, due, "2/9/2024", false],
    ['<answer>{"answer": "62.7"}</answer>', 5, map, "62.7", true],
    ['<answer>{"answer": "69.3"}</answer>', 5, map, "69.3", true],
    ['<answer>{"answer": "69.31"}</answer>', 5, map, "69.31", false],
    ['<answer>{"answer": "\t66"}</answer>', 5, map, "66", true],
    ['<answer>{"answer": ""}</answer>', 5, ["", "", ""], "", false],
    ["<answer>{\"answer\": \"('8 weeks', '4 days')\"}</answer>", 69, weeks, "(8weeks,4days)", true],
    ["<answer>{\"answer\": \"('8 weeks', '4 days')\"}}</answer>", 69, weeks, "-1000000000", false],
    [
      '<answer>{"answer": "("8 weeks", "4 days")"}</answer>',
      69,
      weeks,
      '("8weeks","4days")',
      false,
    ],
  ] as const)("reads %j of calculator %d", (text, id, truth, extracted, correct) => {
    expect(judge(text, id, truth, "paper")).toEqual([extracted, correct]);
  });
});

const pieces = [
  ...['{"answer": "', '"Answer":', "}", '"', "<answer>", "</answer>", '"}}</answer>', "\n", " "],
  ...["str(", ")", "(", "1", "07", "12.5", "%", ", 3", " out of", "mL/min/1.73", "weeks", "days"],
  ...["02/30/2024", "**", "9", "٣", "é", "-", "min", "sqrt", "\u2028"],
];

describe("no text", () => {
  it("makes a scorer throw, or give two verdicts", () => {
    const text = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(
        text,
        fc.constantFrom(...calculators),
        fc.constantFrom<Scorer>("medcalc-bench", "paper"),
        text,
        (said, { id }, scorer, truth) => {
          const verdict = judge(`{"answer": "${said}"}`, id, [truth], scorer);
          expect(judge(`{"answer": "${said}"}`, id, [truth], scorer)).toEqual(verdict);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("of a million characters keeps a scorer busy, whatever it repeats", () => {
    for (const piece of pieces)
      for (const { id } of [5, 13, 21, 69].map((id) => ({ id })))
        for (const scorer of ["medcalc-bench", "paper"] as const) {
          const text = `{"answer": "1${piece.repeat(1e6 / piece.length)}x"}`;
          const [, correct] = judge(text, id, ["never"], scorer);
          expect(correct).toBe(false);
        }
  });
});

describe("evaluateExpression(text)", () => {
  it("computes what Python does", () => {
    for (const [text, value] of [
      ["1 + 2 * 3", "7"],
      ["-2 ** 2", "-4"],
      ["2 ** 3 ** 2", "512"],
      ["2 ** -1", "0.5"],
      ["7 // 2 + -7 % 3", "5"],
      ["round(2.5) + round(1.25, 1)", "3.2"],
      ["round(1234, -2) + round(0.5, 400) + round(0.5, -400)", "1200.5"],
      ["math.sqrt(16) / np.abs(-2)", "2.0"],
      ["max(1, min(2, 3.0))", "2"],
      ["10 ^ 2", "100"],
      ["((1 + 2)", "3"],
      ["1e-05 * 1", "1e-05"],
      ["1e16", "1e+16"],
      ["math.log(8, 2)", "3.0"],
      ["math.log(1000, 10)", "2.9999999999999996"],
      ["math.log2(8) + log10(1000) + math.ceil(0.2)", "7.0"],
    ] as const) {
      const result = evaluateExpression(text);
      expect(result && show(result), text).toBe(value);
    }
  });

  it("gives nothing for anything else", () => {
    for (const text of [
      "",
      "1 +",
      "a",
      "1/0",
      "9**9**9",
      "1 2",
      "f(1)",
      ")",
      "min()",
      "0**-1",
      "round(1, 0.5)",
      "pow(2)",
      "pow(2, 3, 5)",
      "sqrt(4, 2)",
      "sqrt(-4)",
      "log()",
      "log(0)",
      "log(8, 1)",
      "log(8, 2, 3)",
      "abs(1, 2)",
      "min(3)",
      "min(3, (-8) ** 0.5)",
      "exp(1000) * 0",
    ])
      expect(evaluateExpression(text), text).toBeUndefined();
    expect(evaluateExpression("(".repeat(1e5))).toBeUndefined();
    expect(evaluateExpression(`1${"**1".repeat(1e5)}`)).toBeUndefined();
  });
});

describe("accuracy(verdicts)", () => {
  it("is the share of right answers, of each category too", () => {
    expect(
      accuracy([
        { extracted: "1", correct: true, category: "risk" },
        { extracted: null, correct: false, category: "risk" },
        { extracted: "2", correct: true, category: "date" },
        { extracted: "-1000000000", correct: false, category: "date" },
      ]),
    ).toEqual({ overall: 0.5, byCategory: { date: 0.5, risk: 0.5 }, unparsed: 0.5, count: 4 });
    expect(accuracy([]).overall).toBe(0);
  });
});
