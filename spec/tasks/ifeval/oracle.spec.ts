import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ifeval } from "../../../src/tasks/index.ts";
import { oracle, oracleFile, oracleRows } from "../oracle.ts";

const CASES = "ifeval-cases.jsonl";
const DATA = "ifeval-input_data.jsonl";
const { absent, reason } = oracle(CASES, DATA);

interface Case {
  readonly case: number;
  readonly instruction_id: string;
  readonly kwargs: ifeval.Kwargs;
  readonly response: string;
  readonly strict: boolean;
  readonly loose: boolean;
  readonly stable: boolean;
}

describe("ifeval against the original program", () => {
  it.skipIf(absent)(`gives every verdict of the 25 instructions${reason}`, () => {
    // Of the others the original has no one verdict: it draws a letter where it is given none, and draws
    // when it detects a language.
    const judged = oracleRows<Case>(CASES).filter(({ stable }) => stable);
    expect(new Set(judged.map(({ instruction_id }) => instruction_id)).size).toBe(25);
    expect(judged.length).toBeGreaterThan(1300);
    const wrong = judged.flatMap((row) =>
      [false, true].flatMap((loose) => {
        const { instruction_id: instructionId, kwargs, response } = row;
        const verdict = ifeval.verify({ instructionId, kwargs, response }, { loose });
        const isRight = verdict === (loose ? row.loose : row.strict);
        return isRight ? [] : [`${row.case} ${instructionId} ${loose ? "loose" : "strict"}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it.skipIf(absent)(`reads all 541 prompts of the data file${reason}`, () => {
    const file = oracleFile(DATA);
    const { rows: prompts, problems } = ifeval.readPrompts(readFileSync(file, "utf8"), file);
    expect(problems).toEqual([]);
    expect(prompts.length).toBe(541);
    expect(prompts.flatMap(({ instruction_id_list }) => instruction_id_list).length).toBe(834);
  });
});
