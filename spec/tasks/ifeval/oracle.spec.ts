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

/** The verdicts of these rest on a corpus that the project does not have. */
const fuzzy: ReadonlySet<string> = new Set([
  "length_constraints:number_sentences",
  "language:response_language",
  "change_case:english_capital",
  "change_case:english_lowercase",
]);

describe("ifeval against the original program", () => {
  const disagreements = (isFuzzy: boolean): { wrong: string[]; all: number } => {
    const judged = oracleRows<Case>(CASES).filter(
      ({ stable, instruction_id }) => stable && fuzzy.has(instruction_id) === isFuzzy,
    );
    const wrong = judged.flatMap((row) =>
      [false, true].flatMap((loose) => {
        const { instruction_id: instructionId, kwargs, response } = row;
        const verdict = ifeval.verify({ instructionId, kwargs, response }, { loose });
        const isRight = verdict === (loose ? row.loose : row.strict);
        return isRight ? [] : [`${row.case} ${instructionId} ${loose ? "loose" : "strict"}`];
      }),
    );
    return { wrong, all: 2 * judged.length };
  };

  it.skipIf(absent)(`gives every verdict of the 21 exact instructions${reason}`, () => {
    const { wrong, all } = disagreements(false);
    expect(all).toBeGreaterThan(2000);
    expect(wrong).toEqual([]);
  });

  it.skipIf(absent)(`gives 99 % of the verdicts of the four others${reason}`, () => {
    const { wrong, all } = disagreements(true);
    expect(all).toBeGreaterThan(400);
    expect(wrong.length / all).toBeLessThanOrEqual(0.01);
  });

  it.skipIf(absent)(`reads all 541 prompts of the data file${reason}`, () => {
    const file = oracleFile(DATA);
    const { rows: prompts, problems } = ifeval.readPrompts(readFileSync(file, "utf8"), file);
    expect(problems).toEqual([]);
    expect(prompts.length).toBe(541);
    expect(prompts.flatMap(({ instruction_id_list }) => instruction_id_list).length).toBe(834);
  });
});
