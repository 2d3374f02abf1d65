import { describe, expect, it } from "vitest";
import * as igsm from "../../../src/tasks/igsm/index.ts";
import { oracle, oracleRows } from "../oracle.ts";

const { absent, reason } = oracle("igsm-problems.jsonl", "igsm-checks.jsonl");

interface ProblemRow {
  readonly id: number;
  readonly layerNames: string[];
  readonly items: string[][];
  readonly problemText: string;
  readonly questionParam: string;
  readonly solutionOrder: string[];
  readonly solutionText: string;
  readonly detailLevel: number;
  readonly values: Record<string, number>;
  readonly answer: number;
  readonly nOp: number;
}

interface CheckRow {
  readonly problem: number;
  readonly solution: string;
  readonly correct: boolean;
}

/** Symbols are random: only where they stand can agree. */
const withoutSymbols = (text: string): string =>
  text.replace(/(?<=as |; |so |= |[-+*] |Define )[a-zA-Z](?=;| =| [-+*]|\.)/g, "_");

describe.skipIf(absent)(`the original iGSM${reason}`, () => {
  it("agrees on every value, answer and number of operations", () => {
    for (const row of oracleRows<ProblemRow>("igsm-problems.jsonl")) {
      const problem = igsm.parse(row);
      expect(igsm.values(problem), `${row.id}`).toEqual(row.values);
      expect(igsm.answer(problem), `${row.id}`).toBe(row.answer);
      expect(igsm.operations(problem), `${row.id}`).toBe(row.nOp);
      expect(problem.question, `${row.id}`).toBe(row.questionParam);
    }
  });

  it("puts problems and solutions into the same words, at every detail level", () => {
    for (const row of oracleRows<ProblemRow>("igsm-problems.jsonl")) {
      const problem = igsm.parse(row);
      const solution = igsm.solve(problem, { order: row.solutionOrder });
      expect(igsm.writeProblem(problem), `${row.id}`).toBe(row.problemText);
      expect(withoutSymbols(igsm.writeSolution(problem, solution, row)), `${row.id}`).toBe(
        withoutSymbols(row.solutionText),
      );
    }
  });

  it("agrees with every verdict of the process check", () => {
    const problems = new Map(
      oracleRows<ProblemRow>("igsm-problems.jsonl").map((row) => [row.id, igsm.parse(row)]),
    );
    for (const { problem, solution, correct } of oracleRows<CheckRow>("igsm-checks.jsonl")) {
      const verdict = igsm.check(problems.get(problem) as igsm.Problem, solution, {
        mode: "strict",
      });
      expect(verdict.correct, `${solution}\n${verdict.why}`).toBe(correct);
    }
  });
});
