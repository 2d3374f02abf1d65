import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { data } from "../../../src/cli/data/data.ts";
import { scorables } from "../../../src/cli/score/questions.ts";
import { score } from "../../../src/cli/score/score.ts";
import { renderScores, tally } from "../../../src/cli/score/table.ts";
import { UsageError } from "../../../src/cli/terminal/usage.ts";
import { DataError } from "../../../src/tensor/errors.ts";
import { openPlace, type Place, parseRows } from "../terminal.ts";

let place: Place;
beforeEach(async () => {
  place = await openPlace();
});
afterEach(() => place.close());

type Turn = { readonly content: string };
const answerOf = (row: Record<string, unknown>): string =>
  (row["messages"] as Turn[]).at(-1)?.content ?? "";
const promptOf = (row: Record<string, unknown>): string =>
  (row["messages"] as Turn[]).at(0)?.content ?? "";
const jsonl = (rows: readonly unknown[]): string =>
  rows.map((row) => `${JSON.stringify(row)}\n`).join("");

/** Table rows as [line, count, …shares]. */
const cells = (table: string): string[][] =>
  table
    .trimEnd()
    .split("\n")
    .map((line) => line.trim().split(/\s{2,}/));

const minis = ["mini-igsm", "mini-countdown", "mini-ifeval", "mini-medcalc"];
const drawn = ["igsm", "countdown", "skills", ...minis];

describe("score", () => {
  it.each(drawn)("%s: what data writes is right, an empty response is not", async (name) => {
    await place.run(data, `${name} --count 8 --out data.jsonl`);
    const rows = await place.rows("data.jsonl");
    const responses = rows.map((row, i) => ({
      id: row["id"],
      response: i < 6 ? answerOf(row) : "",
    }));
    await place.write("r.jsonl", jsonl(responses));
    const { out, err, finished } = await place.run(
      score,
      `${name} --data data.jsonl --responses r.jsonl`,
    );
    expect(finished).toBe(true);
    const [head, all] = cells(out) as [string[], string[]];
    expect(head[0]).toBe("n");
    expect(all.slice(0, 3)).toEqual(["all", "8", "75.0"]);
    if (name === "igsm") expect(all).toEqual(["all", "8", ...Array(5).fill("75.0")]);
    const verdicts = await place.rows("r.verdicts.jsonl");
    const column = scorables[name]?.columns[0] as string;
    expect(verdicts.map((row) => row[column])).toEqual(rows.map((_, i) => i < 6));
    expect(verdicts.map(({ id, response }) => ({ id, response }))).toEqual(responses);
    expect(err).toContain("r.verdicts.jsonl: 8 verdicts");
  });

  it("finds questions by their prompt, in either format", async () => {
    for (const format of ["messages", "alpaca"]) {
      await place.run(data, `countdown --count 4 --overwrite --out data.jsonl --format ${format}`);
      const rows = parseRows((await place.run(data, "countdown --count 4")).out);
      const responses = rows.map((row) => ({ prompt: promptOf(row), response: answerOf(row) }));
      await place.write("r.jsonl", jsonl(responses.toReversed()));
      const { out } = await place.run(score, "countdown --data data.jsonl --responses r.jsonl");
      expect(cells(out)[1]?.slice(0, 3)).toEqual(["all", "4", "100.0"]);
    }
  });

  it("judges rows that have all fields themselves, and files of the authors' kind", async () => {
    const messages = [
      { role: "user", content: "What?" },
      { role: "assistant", content: "It is \\boxed{12}." },
    ];
    await place.write(
      "r.jsonl",
      jsonl([
        { messages, response: "so 12" },
        { messages, response: "3" },
      ]),
    );
    const { out } = await place.run(score, "igsm --responses r.jsonl --out v.jsonl");
    expect(cells(out)).toEqual([
      ["n", "answer %", "strict %", "tight %", "tolerant answer %", "tolerant %"],
      ["all", "2", "50.0", "–", "–", "50.0", "–"],
    ]);
    expect((await place.rows("v.jsonl")).map(({ answer }) => answer)).toEqual([true, false]);
    // Conversations: the last turn is the response, and what is right stands beside it.
    const turns = jsonl([
      { messages, answer: 12 },
      { messages, answer: 13 },
    ]);
    await place.write("m.jsonl", turns);
    const spoken = await place.run(score, "igsm --responses m.jsonl");
    expect(cells(spoken.out)[1]?.slice(0, 3)).toEqual(["all", "2", "50.0"]);
    await place.write("r.jsonl", jsonl([{ messages }]));
    await expect(place.run(score, "igsm --responses r.jsonl")).rejects.toThrow();
    await place.write("r.jsonl", jsonl([{ x: [2, 3], y: 6, response: "\\boxed{2*3}" }]));
    const own = await place.run(score, "countdown --responses r.jsonl");
    expect(cells(own.out)[1]).toEqual(["all", "1", "100.0", "100.0", "0.0", "100.0"]);
  });

  it("medcalc: by both scorers and by category, from the file itself and from data's rows", async () => {
    const header =
      "Row Number,Calculator ID,Patient Note,Question,Ground Truth Answer,Lower Limit,Upper Limit";
    await place.write("t.csv", `${header}\n1,5,a,b,85.5,80,90\n2,45,a,b,3,3,3\n3,5,a,b,x,80,90\n`);
    await place.run(data, "medcalc --file t.csv --out t.jsonl");
    const responses = [
      { id: 1, response: '<answer>{"answer": "81"}</answer>' },
      { id: "2", response: '{"answer": "3"}' },
      { id: 3, response: "none" },
    ];
    await place.write("r.jsonl", jsonl(responses));
    for (const file of ["t.csv", "t.jsonl"]) {
      const { out, err } = await place.run(score, `medcalc --data ${file} --responses r.jsonl`);
      expect(cells(out)).toEqual([
        ["n", "medcalc-bench %", "paper %", "tolerant %"],
        ["all", "2", "100.0", "50.0", "100.0"],
        ["physical", "1", "100.0", "100.0", "100.0"],
        ["severity", "1", "100.0", "0.0", "100.0"],
      ]);
      expect(err).toMatch(/r\.jsonl:3: id: expected that of a question in t\.\w+, got "3"/);
    }
  });

  it("ifeval: strict and loose, by prompt, by instruction and by group", async () => {
    const rows = [
      ["punctuation:no_comma", {}],
      ["startend:quotation", {}],
      ["length_constraints:number_words", { relation: "at least", num_words: 3, capital: null }],
    ].map(([id, kwargs], key) => ({
      ...{ key, prompt: `p${key}`, instruction_id_list: ["punctuation:no_comma", id] },
      kwargs: [{}, kwargs],
    }));
    await place.write("input.jsonl", jsonl([...rows, { prompt: "left" }]));
    const responses = ["yes", 'Here:\n"it"', "a, b, c"];
    await place.write(
      "r.jsonl",
      jsonl(responses.map((response, i) => ({ prompt: `p${i}`, response }))),
    );
    const { out, err } = await place.run(score, "ifeval --data input.jsonl --responses r.jsonl");
    expect(cells(out)).toEqual([
      ["n", "strict %", "loose %", "tolerant %"],
      ["prompts", "3", "33.3", "66.7", "66.7"],
      ["instructions", "6", "66.7", "83.3", "83.3"],
      ["length_constraints", "1", "100.0", "100.0", "100.0"],
      ["punctuation", "4", "75.0", "75.0", "75.0"],
      ["startend", "1", "0.0", "100.0", "100.0"],
    ]);
    expect(err).toContain("input.jsonl:4: instruction_id_list: expected a list, got nothing");
    expect((await place.rows("r.verdicts.jsonl"))[1]).toMatchObject({
      follow_instruction_list: [true, false],
      follow_all_instructions: false,
      follow_instruction_list_loose: [true, true],
      follow_all_instructions_loose: true,
    });
  });

  it("says of bad rows where and what, counts them, and goes on", async () => {
    await place.run(data, "countdown --count 3 --out data.jsonl");
    const good = JSON.stringify({ id: "countdown-0-1", response: "none" });
    const lines = [
      "\ufeff{",
      good,
      '{"id":"countdown-0-0"}',
      '{"response":"x"}',
      '{"id":"other","response":"x"}',
      '{"id":[],"response":"x"}',
      '{"id":"countdown-0-2","response":7}',
      JSON.stringify([`${"long ".repeat(1e5)}`]),
      "",
    ];
    const bytes = Buffer.concat([Buffer.from(lines.join("\r\n")), Buffer.from([0x22, 0xe9, 0x22])]);
    await place.write("r.jsonl", bytes);
    const { out, err } = await place.run(score, "countdown --data data.jsonl --responses r.jsonl");
    expect(cells(out)[1]?.slice(0, 2)).toEqual(["all", "1"]);
    for (const said of [
      "r.jsonl:1: row: expected JSON, got {",
      "r.jsonl:3: response: expected a text, got nothing",
      "r.jsonl:4: id: expected the id or the prompt of a question, got neither",
      'r.jsonl:5: id: expected that of a question in data.jsonl, got "other"',
      "r.jsonl:6: id: expected a text or a number, got []",
      "r.jsonl:7: response: expected a text, got 7",
      'r.jsonl:8: row: expected an object, got ["long long',
      "r.jsonl:9: row: expected UTF-8, got other bytes",
      "8 rows were left out, 1 kept",
      "2 of 3 questions have no response",
    ])
      expect(err).toContain(said);
    expect(err.length).toBeLessThan(5000);
  });

  it("takes no question for another: ids beyond 2^53, ids and keys that are there twice", async () => {
    await place.write(
      "q.jsonl",
      [
        '{"id":9007199254740993,"x":[1,2],"y":3}',
        '{"id":7,"x":[1,2],"y":3}',
        '{"id":"7","x":[1,3],"y":4}',
        '{"id":8,"x":[1,2],"y":3}',
        '{"id":8,"x":[1,2],"y":3}',
        '{"id":9,"x":[1e400,2],"y":3}',
        '{"id":10,"x":[1,2],"y":3,"y":4}',
      ].join("\n"),
    );
    const response = "\\boxed{1+2}";
    await place.write("r.jsonl", jsonl([7, 8].map((id) => ({ id, response }))));
    const { err, out } = await place.run(score, "countdown --data q.jsonl --responses r.jsonl");
    for (const said of [
      "q.jsonl:1: id: expected an integer that a double has, as those below 2^53",
      "q.jsonl:6: x[0]: expected a number that is not too large for a double, got 1e400",
      "q.jsonl:7: y: expected a key once, got it twice",
      'r.jsonl:1: id: expected that of one question in q.jsonl, got "7", which 2 have',
    ])
      expect(err).toContain(said);
    expect(cells(out)[1]?.slice(0, 2)).toEqual(["all", "1"]);
  });

  it("throws nothing but DataError, whatever the rows", async () => {
    const field = fc.oneof(fc.jsonValue(), fc.constantFrom("", "a", 0, -1, 5, [[]], [1, 2], {}));
    const names = ["answer", "op", "problem", "x", "y", "calculator_id", "ground_truth", "modulus"];
    const row = fc.dictionary(
      fc.constantFrom(...names, "lower_bound", "messages", "kwargs"),
      field,
    );
    const problem = fc.record({
      layerNames: fc.array(fc.oneof(fc.string({ maxLength: 2 }), fc.constant({ toString: null })), {
        maxLength: 3,
      }),
      items: fc.array(fc.array(fc.string({ maxLength: 2 }), { maxLength: 2 }), { maxLength: 3 }),
      problemText: fc.string(),
      modulus: fc.double(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.keys(scorables)),
        fc.oneof(
          row,
          problem.map((one) => ({ answer: 1, problem: one })),
        ),
        fc.string(),
        async (name, fields, response) => {
          await place.write("r.jsonl", jsonl([{ prompt: "p", ...fields, response }]));
          try {
            await place.run(score, `${name} --responses r.jsonl`);
          } catch (error) {
            expect(error).toBeInstanceOf(DataError);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([
    ["", "score: expected one of igsm, medcalc, "],
    ["constructor --responses r", "score: expected one of igsm, medcalc, "],
    ["igsm", "score igsm: expected --responses"],
    ["igsm --responses= ", "--responses: expected <file>, got "],
  ])("refuses %s", async (args, message) => {
    const refused = place.run(score, args);
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(message);
  });

  it("refuses files without a single response, and writes nothing when interrupted", async () => {
    await place.write("r.jsonl", "");
    const empty = place.run(score, "igsm --responses r.jsonl");
    await expect(empty).rejects.toThrow("expected responses to judge, got none");
    await place.write("r.jsonl", jsonl([{ answer: 1, response: "1" }]));
    const stopped = { signal: AbortSignal.abort() };
    expect((await place.run(score, "igsm --responses r.jsonl", stopped)).finished).toBe(false);
    await expect(place.read("r.verdicts.jsonl")).rejects.toThrow("ENOENT");
  });
});

describe("tally and renderScores", () => {
  it("count each line, in the order asked for, then by name with numbers as numbers", () => {
    const count = (line: string, ok: boolean) => ({ line, held: { ok } });
    const lines = tally(
      [count("op 10", true), count("op 9", true), count("all", true), count("all", false)],
      ["all", "prompts"],
    );
    expect(renderScores(lines, ["ok", "other"])).toBe(
      [
        "       n   ok %  other %",
        "all    2   50.0        –",
        "op 9   1  100.0        –",
        "op 10  1  100.0        –",
        "",
      ].join("\n"),
    );
  });
});
