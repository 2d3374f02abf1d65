import { describe, expect, test } from "vitest";
import {
  countdown,
  finalAnswer,
  ifeval,
  igsm,
  medcalc,
  parseJsonl,
} from "../../src/tasks/index.ts";
import { key } from "../../src/tensor/random.ts";
import { record } from "../../src/text/jsonl.ts";
import { attack, mutants, mutateText } from "./mutants.ts";

type Verdict = (text: string) => boolean;

const game = { numbers: [3, 5, 8, 2], target: 16 };
const problem = igsm.generate(key(5), { op: 4 });
const row = (calculatorId: number, truth: string) => ({
  ...{ calculatorId, groundTruth: truth, lower: truth, upper: truth },
});

/** Right responses, and what judges them: each is right as it stands. */
const judged: Readonly<Record<string, readonly [right: string, verify: Verdict]>> = {
  finalAnswer: [
    "First 1,200 − 200.\nThe answer is \\boxed{1000}.",
    (text) => finalAnswer.match(text, "1000"),
  ],
  "finalAnswer, tolerant": [
    "So x = \\frac{2000}{2}, or #### 1,000",
    (text) => finalAnswer.match(text, "1000", { rule: "tolerant" }),
  ],
  countdown: [
    "\\boxed{(3 + 5) \\times 2}",
    (text) => countdown.verify({ numbers: [3, 5, 2], target: 16, text }),
  ],
  "countdown, tinyzero": [
    "<answer>(3 + 5) * 2 * (9 - 8)</answer>",
    (text) =>
      countdown.verify({ numbers: [3, 5, 2, 9, 8], target: 16, text }, { rule: "tinyzero" }),
  ],
  "countdown, tolerant": [
    "\\left(3+5\\right) \\cdot 2 = 16",
    (text) => countdown.verify({ numbers: [3, 5, 2], target: 16, text }, { rule: "tolerant" }),
  ],
  "igsm, strict": [
    problem.solutionText,
    (text) => igsm.check(problem, text, { mode: "strict" }).correct,
  ],
  "igsm, tolerant": [
    problem.solutionText,
    (text) => igsm.check(problem, text, { mode: "tolerant" }).correct,
  ],
  "medcalc, benchmark": [
    '{"step_by_step_thinking": "1 + 2.5", "answer": "str(3.5)"}',
    (text) => medcalc.score({ ...row(5, "3.5"), text }, "medcalc-bench").correct,
  ],
  "medcalc, paper": [
    '<answer>{"answer": "3.5"}</answer>',
    (text) => medcalc.score({ ...row(5, "3.5"), text }, "paper").correct,
  ],
  "medcalc, tolerant": [
    '{"answer": "1 week and 1 day"}',
    (text) => medcalc.score({ ...row(69, "('1 weeks', '1 days')"), text }, "tolerant").correct,
  ],
};

describe("verifiers", () => {
  test.each(Object.entries(judged))(
    "%s: any text has a verdict, the same again",
    async (_, [right, verify]) => {
      expect(verify(right)).toBe(true);
      const { fault, accepted } = await attack(
        mutants(300),
        (roll) => mutateText(right, roll),
        (text) => {
          const verdict = verify(text);
          return typeof verdict === "boolean" && verify(text) === verdict;
        },
      );
      expect(fault).toBeUndefined();
      // A verdict is no refusal: nothing is thrown, whatever the text.
      expect(accepted).toBe(mutants(300));
    },
  );

  test("countdown takes no expression that has another value or other numbers", async () => {
    const { fault } = await attack(
      mutants(1000),
      (roll) => mutateText("(3 + 5) * (8 / 4)", roll),
      (text) => {
        const inside = text.replace(/\s/g, "");
        const isRight = countdown.verify({
          ...game,
          numbers: [3, 5, 8, 4],
          text: `\\boxed{${text}}`,
        });
        // Plain expressions can be judged by JavaScript itself.
        if (!/^[\d+\-*/().]+$/.test(inside) || /\*\*|\/\/|\/\*|\d\(|\)\d|\)\(/.test(inside))
          return true;
        const numbers = (inside.match(/\d+/g) ?? []).map(Number).sort((a, b) => a - b);
        let value = NaN;
        try {
          // Signs that follow each other are one operator there, and two in Python.
          value = new Function(`"use strict"; return ${text.replace(/[+-](?=[+-])/g, "$& ")}`)();
        } catch {
          // No expression.
        }
        return !isRight || (Math.abs(value - 16) < 1e-5 && `${numbers}` === "3,4,5,8");
      },
    );
    expect(fault).toBeUndefined();
  });
});

describe("readers", () => {
  const files: Readonly<
    Record<
      string,
      readonly [
        text: string,
        read: (text: string) => { rows: readonly unknown[]; problems: readonly unknown[] },
      ]
    >
  > = {
    JSONL: ['{"id": 1, "x": [1.5, "é"]}\n\n{"id": "b"}\n', (text) => parseJsonl(text, "f", record)],
    "IFEval's prompts": [
      '{"key": 1, "prompt": "Say a.", "instruction_id_list": ["length_constraints:number_words"], "kwargs": [{"num_words": 3, "relation": "at least"}]}\n',
      (text) => ifeval.readPrompts(text, "f"),
    ],
    "IFEval's responses": [
      '{"prompt": "Say a.", "response": "a a a"}\n',
      (text) => ifeval.readResponses(text, "f"),
    ],
  };

  test.each(Object.entries(files))(
    "%s: a line is a row or a problem, whatever it holds",
    async (_, [valid, read]) => {
      expect(read(valid).problems).toEqual([]);
      const { fault } = await attack(
        mutants(1500),
        (roll) => mutateText(valid, roll),
        (text) => {
          const { rows, problems } = read(text);
          const lines = text
            .replace(/^\ufeff/, "")
            .split(/\r?\n/)
            .filter((line) => line.trim() !== "");
          return rows.length + problems.length === lines.length;
        },
      );
      expect(fault).toBeUndefined();
    },
  );
});
