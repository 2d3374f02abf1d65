import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import * as igsm from "../../../src/tasks/igsm/index.ts";

const folder =
  process.env["ANCHORGRAD_ORACLE"] ??
  fileURLToPath(new URL("../../../../shared/oracle", import.meta.url));
const absent = ["igsm-problems.jsonl", "igsm-checks.jsonl"].some(
  (file) => !existsSync(`${folder}/${file}`),
);

const rows = <T>(file: string): T[] =>
  readFileSync(`${folder}/${file}`, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as T);

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

const reason = absent ? " (skipped: no oracle files; set ANCHORGRAD_ORACLE to their folder)" : "";

describe.skipIf(absent)(`the original iGSM${reason}`, () => {
  it("agrees on every value, answer and number of operations", () => {
    for (const row of rows<ProblemRow>("igsm-problems.jsonl")) {
      const problem = igsm.parse(row);
      expect(igsm.values(problem), `${row.id}`).toEqual(row.values);
      expect(igsm.answer(problem), `${row.id}`).toBe(row.answer);
      expect(igsm.operations(problem), `${row.id}`).toBe(row.nOp);
      expect(problem.question, `${row.id}`).toBe(row.questionParam);
    }
  });

  it("puts problems and solutions into the same words, at every detail level", () => {
    for (const row of rows<ProblemRow>("igsm-problems.jsonl")) {
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
      rows<ProblemRow>("igsm-problems.jsonl").map((row) => [row.id, igsm.parse(row)]),
    );
    for (const { problem, solution, correct } of rows<CheckRow>("igsm-checks.jsonl")) {
      const verdict = igsm.check(problems.get(problem) as igsm.Problem, solution, {
        mode: "strict",
      });
      expect(verdict.correct, `${solution}\n${verdict.why}`).toBe(correct);
    }
  });
});
