import { describe, expect, it } from "vitest";
import { ifeval } from "../../../src/tasks/index.ts";

const data = [
  {
    key: 1,
    prompt: "p1",
    instruction_id_list: ["punctuation:no_comma", "startend:quotation"],
    kwargs: [{}, { num_words: null }],
  },
  {
    prompt: "p2",
    instruction_id_list: ["length_constraints:number_words"],
    kwargs: [{ relation: "at least", num_words: 2 }],
  },
  { prompt: "p3", instruction_id_list: ["punctuation:no_comma"], kwargs: [{}] },
];
const lines = (rows: readonly unknown[]): string =>
  `\ufeff${rows.map((row) => JSON.stringify(row)).join("\r\n")}\r\n`;

const responses = [
  { prompt: "p1", response: 'Sure\n"a b"' },
  { prompt: "p2", response: "one" },
];

describe("score(rows)", () => {
  const { rows: prompts } = ifeval.readPrompts(lines(data), "data.jsonl");
  const { rows, missing } = ifeval.join(
    prompts,
    ifeval.readResponses(lines(responses), "responses.jsonl").rows,
  );
  const score = ifeval.score(rows);

  it("joins prompts and responses", () => {
    expect(rows.map(({ key, response }) => [key, response])).toEqual([
      [1, 'Sure\n"a b"'],
      [undefined, "one"],
    ]);
    expect(missing.map(({ prompt }) => prompt)).toEqual(["p3"]);
  });

  it("counts prompts and instructions, strictly and loosely", () => {
    expect(score.prompts).toBe(2);
    expect(score.instructions).toBe(3);
    expect(score.strict.prompt).toBe(0);
    expect(score.strict.instruction).toBeCloseTo(1 / 3);
    expect(score.loose.prompt).toBe(0.5);
    expect(score.loose.instruction).toBeCloseTo(2 / 3);
    expect(score.strict.group).toEqual({ length_constraints: 0, punctuation: 1, startend: 0 });
    expect(score.loose.id["startend:quotation"]).toBe(1);
    expect(score.verdicts).toEqual([
      { strict: [true, false], loose: [true, true] },
      { strict: [false], loose: [false] },
    ]);
  });

  it("is 0 of nothing", () => {
    expect(ifeval.score([])).toMatchObject({ prompts: 0, strict: { prompt: 0, instruction: 0 } });
  });

  it("writes a verdict a line", () => {
    const written = ifeval
      .writeVerdicts(rows, score.verdicts)
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(written[0]).toEqual({
      prompt: "p1",
      response: 'Sure\n"a b"',
      instruction_id_list: data[0]?.instruction_id_list,
      follow_instruction_list: [true, false],
      follow_all_instructions: false,
      follow_instruction_list_loose: [true, true],
      follow_all_instructions_loose: true,
    });
  });
});

describe("readPrompts(text, file)", () => {
  it("names the line and the field of a bad row and goes on", () => {
    const row = data[1] as object;
    const { rows, problems } = ifeval.readPrompts(
      [
        JSON.stringify(row),
        '{"prompt": "cut o',
        "[]",
        JSON.stringify({ ...row, prompt: 3 }),
        JSON.stringify({ ...row, instruction_id_list: ["a:b"] }),
        JSON.stringify({ ...row, kwargs: [] }),
        JSON.stringify({ ...row, kwargs: [{ relation: "at least" }] }),
        "",
        JSON.stringify(row),
      ].join("\n"),
      "data.jsonl",
    );
    expect(rows.length).toBe(2);
    expect(problems.map(({ file, line, message }) => `${file}:${line}: ${message}`)).toEqual([
      'data.jsonl:2: row: expected JSON, got {"prompt": "cut o (column 12)',
      "data.jsonl:3: row: expected an object, got []",
      "data.jsonl:4: prompt: expected a text, got 3",
      "data.jsonl:5: ifeval.verify: expected an instruction id of IFEval, got a:b",
      "data.jsonl:6: kwargs: expected 1 objects, got 0",
      "data.jsonl:7: num_words: expected a number, got nothing",
    ]);
  });
});
