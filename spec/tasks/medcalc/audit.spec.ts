import { describe, expect, it } from "vitest";
import { audit, describeAudit, prompts, type Row } from "../../../src/tasks/medcalc/index.ts";

const row = (changes: Partial<Row>): Row => ({
  id: "1",
  line: 2,
  calculatorId: 5,
  calculatorName: "Mean Arterial Pressure (MAP)",
  category: "physical",
  noteId: "own-1",
  noteType: "Template",
  note: "bp 84/57",
  question: "Mean arterial pressure?",
  entities: { "Systolic Blood Pressure": [84, "mm hg"], "Diastolic Blood Pressure": [57, "mm hg"] },
  groundTruth: "66",
  lower: "62.7",
  upper: "69.3",
  explanation: "",
  ...changes,
});

describe("audit(rows)", () => {
  it("finds the labels that the formula does not confirm, and changes none", () => {
    const rows = [
      row({}),
      row({ id: "2", groundTruth: "80", lower: "76", upper: "84" }),
      row({ id: "3", entities: null }),
      row({ id: "4", entities: {} }),
      row({
        id: "5",
        calculatorId: 69,
        entities: { "Last menstrual date": "01/01/2024", "Current Date": "03/01/2024" },
        groundTruth: "('8 weeks', '4 days')",
      }),
      row({
        id: "6",
        calculatorId: 68,
        entities: { "Last menstrual date": "12/25/2023" },
        groundTruth: "1/8/2024",
      }),
    ];
    const before = JSON.stringify(rows);
    const report = audit(rows);
    expect(report).toMatchObject({ rows: 6, agree: 3 });
    expect(report.outside.map(({ row, recomputed }) => [row.id, recomputed])).toEqual([
      ["2", "66"],
    ]);
    expect(report.unchecked.map(({ row }) => row.id)).toEqual(["3", "4"]);
    expect(report.calculators[0]).toMatchObject({ id: 5, rows: 4, outside: 1, unchecked: 2 });
    expect(describeAudit(report)).toContain("80 in [76, 84], recomputed 66");
    expect(JSON.stringify(rows)).toBe(before);
  });
});

describe("prompts", () => {
  const task = { note: "bp 84/57", question: "MAP?" };

  it("are one user turn for the paper, which opens the thoughts", () => {
    const [turn, ...more] = prompts.paper(task);
    expect(more).toEqual([]);
    expect(turn?.role).toBe("user");
    expect(turn?.content).toContain("\nHere is the patient note:bp 84/57\nHere is the task:MAP?\n");
    expect(turn?.content.endsWith("\nLet me solve this step by step.\n<think>")).toBe(true);
  });

  it("are a system and a user turn for the benchmark", () => {
    for (const turns of [prompts.direct(task), prompts.zeroShot(task)]) {
      expect(turns.map(({ role }) => role)).toEqual(["system", "user"]);
      expect(turns[1]?.content).toMatch(
        /^Here is the patient note:\nbp 84\/57\n\nHere is the task:\nMAP\?\n\n/,
      );
    }
    expect(prompts.zeroShot(task)[0]?.content).toContain("step_by_step_thinking");
    expect(prompts.direct(task)[0]?.content).not.toContain("step_by_step_thinking");
  });

  it("show one worked example as JSON in ASCII", () => {
    const example = { note: "n", question: "q", explanation: 'say "µ"', answer: "66" };
    const [system] = prompts.oneShot(task, example);
    const shown = system?.content.split("\n").at(-1) as string;
    expect(shown).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(shown)).toEqual({ step_by_step_thinking: 'say "µ"', answer: "66" });
  });
});
