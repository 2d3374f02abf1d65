import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { data } from "../../../src/cli/data/data.ts";
import { drawnBenchmarks } from "../../../src/cli/data/drawn.ts";
import { UsageError } from "../../../src/cli/terminal/usage.ts";
import { countdown, finalAnswer, igsm, medcalc } from "../../../src/tasks/index.ts";
import { DataError } from "../../../src/tensor/errors.ts";
import { openPlace, type Place, parseRows } from "../terminal.ts";

let place: Place;
beforeEach(async () => {
  place = await openPlace();
});
afterEach(() => place.close());

type Messages = readonly { readonly role: string; readonly content: string }[];
const turnsOf = (row: Record<string, unknown> | undefined): Messages =>
  (row?.["messages"] ?? []) as Messages;
const contentOf = (row: Record<string, unknown> | undefined, role: string): string =>
  turnsOf(row).find((turn) => turn.role === role)?.content ?? "";
const rolesOf = (row: Record<string, unknown> | undefined): string[] =>
  turnsOf(row).map(({ role }) => role);

const header =
  "Row Number,Calculator ID,Calculator Name,Category,Output Type,Note ID,Note Type,Patient Note,Question,Relevant Entities,Ground Truth Answer,Lower Limit,Upper Limit,Ground Truth Explanation";
const csvRow = (id: number, calculator: number, answer: string): string =>
  `${id},${calculator},,physical,decimal,n${id},Template,"The ""own""\nnote ${id}.",What is it?,"{'age': [4, 'years']}",${answer},80,90,Because of ${id}.`;

const prompts = [
  {
    key: 7,
    prompt: "Say it without commas.",
    instruction_id_list: ["punctuation:no_comma"],
    kwargs: [{}],
  },
  { key: 8, prompt: "Quote it.", instruction_id_list: ["startend:quotation"], kwargs: [{}] },
];
const jsonl = (rows: readonly unknown[]): string =>
  rows.map((row) => `${JSON.stringify(row)}\n`).join("");

describe("data of drawn benchmarks", () => {
  it.each(Object.keys(drawnBenchmarks))(
    "%s: rows are conversations, the same again",
    async (name) => {
      const { out, finished } = await place.run(data, `${name} --count 5 --seed 3`);
      expect(finished).toBe(true);
      const rows = parseRows(out);
      expect(rows.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4].map((i) => `${name}-3-${i}`));
      for (const row of rows) expect(rolesOf(row)).toEqual(["user", "assistant"]);
      expect((await place.run(data, `${name} --count 5 --seed 3`)).out).toBe(out);
      const fewer = await place.run(data, `${name} --count 2 --seed 3`);
      expect(out.startsWith(fewer.out)).toBe(true);
      expect((await place.run(data, `${name} --count 5 --seed 4`)).out).not.toBe(out);
    },
  );

  it("gives iGSM as asked for, with all that its checks need", async () => {
    const { out } = await place.run(data, "igsm --count 8 --op 4 --max-edge 12 --split test");
    for (const row of parseRows(out)) {
      const source = row["problem"] as igsm.Source;
      const problem = igsm.parse(source);
      expect(igsm.operations(problem)).toBe(4);
      expect(igsm.answer(problem)).toBe(row["answer"]);
      expect(contentOf(row, "user")).toContain(source.problemText.trim());
      const response = contentOf(row, "assistant");
      expect(finalAnswer.match(response, `${row["answer"]}`)).toBe(true);
      const steps = response.slice(0, response.indexOf(" \\boxed"));
      expect(igsm.check(problem, steps, { mode: "tight" })).toEqual({ correct: true, why: "" });
    }
  });

  it("gives Countdown with its steps, and a solution that the verifier accepts", async () => {
    const { out } = await place.run(data, "countdown --count 20 --numbers 4 --target 10..20");
    for (const row of parseRows(out)) {
      const [numbers, target] = [row["x"] as number[], row["y"] as number];
      expect(numbers).toHaveLength(4);
      expect(target >= 10 && target <= 20).toBe(true);
      const text = contentOf(row, "assistant");
      expect(countdown.verify({ numbers, target, text })).toBe(true);
      const steps = text.split("\n").slice(0, -1);
      expect(steps).toHaveLength(3);
      for (const step of steps) {
        const [left, right] = step.split(" = ") as [string, string];
        const values = [left, right].map((side) => countdown.evaluate(countdown.parse(side)));
        expect(values[0]).toEqual(values[1]);
      }
    }
  });

  it("--format alpaca --bare: instruction, input and output alone", async () => {
    const [row] = parseRows((await place.run(data, "igsm --count 1")).out);
    const [bare] = parseRows((await place.run(data, "igsm --count 1 --format alpaca --bare")).out);
    expect(bare).toEqual({
      instruction: contentOf(row, "user"),
      input: "",
      output: contentOf(row, "assistant"),
    });
  });

  it("--out: a whole file, and nothing beside it", async () => {
    const { out, err } = await place.run(data, "mini-igsm --count 700 --out a/b.jsonl");
    expect(out).toBe("");
    expect(err).toContain("700 rows");
    expect(await place.rows("a/b.jsonl")).toHaveLength(700);
    expect(await readdir(`${place.folder}/a`)).toEqual(["b.jsonl"]);
  });

  it("--out: replaces a file where that is said, and makes no folder at the disk's root", async () => {
    await place.write("old.jsonl", "old");
    const line = "igsm --count 2 --out old.jsonl";
    await expect(place.run(data, line)).rejects.toThrow(
      `${place.folder}/old.jsonl: expected a new file, got one that is there; give --overwrite`,
    );
    expect(await place.read("old.jsonl")).toBe("old");
    await place.run(data, `${line} --overwrite`);
    expect(await place.rows("old.jsonl")).toHaveLength(2);
    await expect(place.run(data, "igsm --count 2 --out /no-such-folder/a/b.jsonl")).rejects.toThrow(
      "expected a place below a folder that is there, got one below /no-such-folder, which is not",
    );
    expect(existsSync("/no-such-folder")).toBe(false);
  });

  it("leaves no file, and an older one alone, when it is interrupted or a row fails", async () => {
    await place.write("old.jsonl", "old");
    const stopped = { signal: AbortSignal.abort() };
    const { finished } = await place.run(
      data,
      "igsm --count 100 --overwrite --out old.jsonl",
      stopped,
    );
    expect(finished).toBe(false);
    const impossible = "countdown --numbers 1 --number 1 --target 5 --out old.jsonl --overwrite";
    await expect(place.run(data, impossible)).rejects.toThrow(UsageError);
    expect(await place.read("old.jsonl")).toBe("old");
    expect(await readdir(place.folder)).toEqual(["old.jsonl"]);
  });

  it.each([
    ["", "data: expected one of igsm, "],
    ["gsm8k", "data: expected one of igsm, "],
    ["toString", "data: expected one of igsm, "],
    ["igsm --op 0", "--op: expected a whole number from 1 to 52, got 0"],
    ["igsm --op 1e1", "--op: expected a whole number from 1 to 52, got 1e1"],
    ["igsm --ops 3", "Unknown option '--ops', did you mean --op; see --help"],
    ["igsm extra", "Unexpected argument 'extra'"],
    ["igsm --order jitter", "--order: expected any, solution or jitter:<k>, got jitter"],
    ["igsm --width 5..3", "--width: expected a range a..b with a ≤ b, got 5..3"],
    ["igsm --retry-rate 2", "--retry-rate: expected a number from 0 to 1, got 2"],
    ["igsm --format csv", "--format: expected one of messages, alpaca, got csv"],
    ["igsm --width 40 --count 1", "expected a whole number greatest width"],
    ["ifeval", "data ifeval: expected either --file or --download"],
    ["ifeval --file a --download", "data ifeval: expected either --file or --download"],
  ])("refuses %s", async (args, message) => {
    const refused = place.run(data, args);
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(message);
  });
});

describe("data medcalc", () => {
  const file = `\ufeff${[header, csvRow(1, 5, "85.5"), csvRow(2, 5, "many"), csvRow(3, 6, "85")].join("\r\n")}\r\n`;

  it("converts what is right, and says of the rest: file, line, field, what was expected", async () => {
    const path = await place.write("test.csv", file);
    const { out, err } = await place.run(data, "medcalc --file test.csv");
    const [first, second] = parseRows(out);
    expect(first).toMatchObject({
      ...{ id: "1", calculator_id: 5, ground_truth: "85.5", lower_bound: "80", upper_bound: "90" },
    });
    expect(contentOf(first, "user")).toContain('Here is the patient note:The "own"\nnote 1.');
    const reply = contentOf(first, "assistant");
    expect(reply).toBe('Because of 1.</think>\n<answer>{"answer": "85.5"}</answer>');
    const asked = { text: reply, calculatorId: 5, groundTruth: "85.5", lower: "80", upper: "90" };
    expect(medcalc.score(asked, "paper").correct).toBe(true);
    expect(second).toMatchObject({ id: "3" });
    expect(err).toContain(`${path}:4: Ground Truth Answer: expected a number, got "many"`);
    expect(err).toContain("1 row was left out, 2 kept");
  });

  it.each(["direct", "zero-shot"])(
    "--prompt %s: system, user and a JSON answer",
    async (prompt) => {
      await place.write("test.csv", file);
      const { out } = await place.run(data, `medcalc --file test.csv --prompt ${prompt} --count 1`);
      const [row] = parseRows(out);
      expect(rolesOf(row)).toEqual(["system", "user", "assistant"]);
      const text = contentOf(row, "assistant");
      expect(JSON.parse(text)).toMatchObject({ answer: "85.5" });
      const asked = { text, calculatorId: 5, groundTruth: "85.5", lower: "80", upper: "90" };
      expect(medcalc.score(asked, "medcalc-bench").correct).toBe(true);
      const alpaca = `medcalc --file test.csv --prompt ${prompt} --count 1 --format alpaca`;
      expect(parseRows((await place.run(data, alpaca)).out)[0]).toMatchObject({
        instruction: contentOf(row, "system"),
        input: contentOf(row, "user"),
        output: text,
      });
    },
  );

  it("--prompt one-shot: with an example of the same calculator", async () => {
    await place.write("test.csv", file);
    await place.write("train.csv", `${header}\n${csvRow(9, 5, "81")}\n`);
    const args = "medcalc --file test.csv --prompt one-shot";
    const { out, err } = await place.run(data, `${args} --examples train.csv`);
    const rows = parseRows(out);
    expect(rows.map(({ id }) => id)).toEqual(["1"]);
    expect(contentOf(rows[0], "system")).toContain("note 9.");
    expect(err).toMatch(/test\.csv:6: Calculator ID: expected one with an example in .*, got 6/);
    await expect(place.run(data, args)).rejects.toThrow("--examples: expected a file");
  });

  it("refuses files that are none", async () => {
    await place.write("utf16.csv", Buffer.from(file, "utf16le"));
    await place.write("other.csv", "a,b\n1,2\n");
    const run = (name: string) => place.run(data, `medcalc --file ${name}`);
    await expect(run("utf16.csv")).rejects.toThrow(/utf16\.csv.*(UTF-16|zero byte)/);
    await expect(run("other.csv")).rejects.toThrow("Patient Note, Question, Ground Truth Answer");
    await expect(run("none.csv")).rejects.toThrow(/none\.csv: expected a file .*no such file/);
    await expect(run(".")).rejects.toThrow(DataError);
  });
});

describe("data ifeval", () => {
  it("converts prompts; with --responses, those that have an answer", async () => {
    await place.write("input.jsonl", jsonl(prompts));
    const responses = [{ prompt: "Quote it.", response: '"it"' }];
    await place.write("responses.jsonl", jsonl(responses));
    const [first, second] = parseRows((await place.run(data, "ifeval --file input.jsonl")).out);
    expect(first).toEqual({
      messages: [{ role: "user", content: "Say it without commas." }],
      id: "7",
      instruction_id_list: ["punctuation:no_comma"],
      kwargs: [{}],
    });
    expect(second?.["id"]).toBe("8");
    const answered = await place.run(data, "ifeval --file input.jsonl --responses responses.jsonl");
    expect(parseRows(answered.out).map((row) => contentOf(row, "assistant"))).toEqual(['"it"']);
    expect(answered.err).toContain("prompts without a response in ");
  });

  it("says which ids stand more than once", async () => {
    await place.write("input.jsonl", jsonl([...prompts, ...prompts, prompts[0]]));
    const { out, err } = await place.run(data, "ifeval --file input.jsonl");
    expect(parseRows(out)).toHaveLength(2 * prompts.length + 1);
    expect(err).toContain(`ids that stand more than once: ${prompts.length}, "7" first`);
    await place.write("once.jsonl", jsonl(prompts));
    expect((await place.run(data, "ifeval --file once.jsonl")).err).not.toContain("more than once");
  });

  it.each([
    ["nothing", "", 0],
    ["bad rows alone", '{"key": 1}\n{"key": 2}\n', 2],
  ])("writes no file out of one that holds %s", async (_, content, problems) => {
    const path = await place.write("input.jsonl", content);
    const told: string[] = [];
    const err = { write: (text: string) => told.push(text) > 0, once: () => undefined };
    await expect(
      place.run(data, "ifeval --file input.jsonl --out none.jsonl", { err }),
    ).rejects.toThrow(`${path}: expected rows of ifeval, got none`);
    await expect(place.read("none.jsonl")).rejects.toThrow("ENOENT");
    expect(told.filter((line) => line.startsWith(path))).toHaveLength(problems);
  });

  it("goes on behind bad rows, and shows no more than some of them", async () => {
    const bad = { ...prompts[0], instruction_id_list: ["punctuation:none"] };
    await place.write("input.jsonl", jsonl([prompts[0], ...Array(30).fill(bad), prompts[1]]));
    const { out, err } = await place.run(data, "ifeval --file input.jsonl");
    expect(parseRows(out)).toHaveLength(2);
    expect(err).toMatch(
      /input\.jsonl:2: .*expected an instruction id of IFEval, got punctuation:none/,
    );
    expect(err.split("\n").filter((line) => line.includes("input.jsonl:"))).toHaveLength(20);
    expect(err).toContain("… and 10 more\n30 rows were left out, 2 kept\n");
  });
});
