import { describe, expect, it } from "vitest";
import * as medcalc from "../../../src/tasks/medcalc/index.ts";
import { oracle, oracleRows } from "../oracle.ts";

const { absent, reason } = oracle("medcalc-formulas.jsonl");

interface Case {
  readonly calculatorId: number;
  readonly entities: medcalc.Entities;
  readonly answer: medcalc.Answer;
}

interface RowCase extends Omit<Case, "answer"> {
  readonly row: string;
  readonly original: number | string | null;
  readonly error: string | null;
}

interface VerdictCase extends medcalc.Response {
  readonly benchExtracted: string | null;
  readonly benchCorrect: boolean;
  readonly paperExtracted: string;
  readonly paperCorrect: boolean;
}

const asBenchmark = ({ calculatorId, entities }: Omit<Case, "answer">): medcalc.Answer =>
  medcalc.calculate(calculatorId, entities, { variant: "medcalc-bench" });

/** Numbers to 10⁻⁴ of their size, anything else to the letter. */
const agrees = (answer: medcalc.Answer, expected: medcalc.Answer): boolean =>
  typeof expected === "number"
    ? Math.abs(Number(answer) - expected) <= 1e-4 * Math.abs(expected)
    : JSON.stringify(answer) === JSON.stringify(expected);

describe.skipIf(absent)(`the original programs agree${reason}`, () => {
  it("with every calculator in the variant medcalc-bench", () => {
    const cases = oracleRows<Case>("medcalc-formulas.jsonl");
    const wrong = cases.filter((each) => !agrees(asBenchmark(each), each.answer));
    expect(wrong).toEqual([]);
    expect(new Set(cases.map(({ calculatorId }) => calculatorId)).size).toBe(55);
  });

  it("with the calculators on the entities of real rows, one-shot examples included", () => {
    const cases = ["medcalc-rows-v1.jsonl", "medcalc-rows-one-shot.jsonl"]
      .flatMap((file) => oracleRows<RowCase>(file))
      .filter(({ error }) => error === null);
    const wrong = cases.filter((each) => {
      const answer = asBenchmark(each);
      return Array.isArray(answer)
        ? JSON.stringify(answer) !== JSON.stringify(each.original) &&
            `('${answer[0]}', '${answer[1]}')` !== each.original
        : !agrees(answer, each.original as number | string);
    });
    expect(wrong).toEqual([]);
  });

  it("that entities of the first version, under their old names, can be computed", () => {
    const stuck = oracleRows<RowCase>("medcalc-rows-v1.jsonl").filter((each) => {
      const answer = asBenchmark(each);
      return typeof answer === "number" && !Number.isFinite(answer);
    });
    expect(stuck).toEqual([]);
  });

  it("with both scorers, extraction and verdict", () => {
    const cases = oracleRows<VerdictCase>("medcalc-verdicts.jsonl");
    const wrong = cases.filter((each) => {
      const bench = medcalc.score(each, "medcalc-bench");
      const paper = medcalc.score(each, "paper");
      return (
        bench.extracted !== each.benchExtracted ||
        bench.correct !== each.benchCorrect ||
        paper.extracted !== each.paperExtracted ||
        paper.correct !== each.paperCorrect
      );
    });
    expect(wrong).toEqual([]);
  });
});
