import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { data } from "../../../src/cli/data/data.ts";
import { evaluate } from "../../../src/cli/evaluate/evaluate.ts";
import { generate } from "../../../src/cli/generate/generate.ts";
import { score } from "../../../src/cli/score/score.ts";
import { openPlace, type Place } from "../terminal.ts";
import { tinyModel } from "./tinyModel.ts";

let place: Place;
beforeEach(async () => {
  place = await openPlace();
});
afterEach(() => place.close());

const line = "--model m --prompts p.jsonl --backend wasm --threads 1 --max-tokens 6";
const prompts = [
  { id: "a", prompt: "Once upon a time" },
  { id: "b", prompt: "2 + 2 =", extra: [1] },
  { id: "c", instruction: "the other said", input: "yes!" },
  {
    id: "d",
    messages: [
      { role: "user", content: "Lily" },
      { role: "assistant", content: "x" },
    ],
  },
  { id: "e", prompt: "Once upon a time" },
];
const writePrompts = () =>
  place.write("p.jsonl", prompts.map((row) => `${JSON.stringify(row)}\n`).join(""));

test("responses stand in the rows that asked, in order, whatever is answered together", async () => {
  await tinyModel(join(place.folder, "m"), { chat: true });
  await writePrompts();
  const { finished, out } = await place.run(generate, line);
  expect(finished).toBe(true);
  const path = join(place.folder, "p.responses.jsonl");
  expect(out).toBe(`${path}\n`);
  const rows = await place.rows("p.responses.jsonl");
  expect(rows).toMatchObject(prompts);
  for (const { response } of rows) expect(typeof response).toBe("string");
  expect(rows[0]?.["response"]).toBe(rows[4]?.["response"]);
  await place.run(generate, `${line} --batch 1 --out one.jsonl`);
  expect(await place.rows("one.jsonl")).toEqual(rows);
  await place.run(generate, `${line} --batch 2 --prompt-lookup 7 --out guessed.jsonl`);
  expect(await place.rows("guessed.jsonl")).toEqual(rows);
  const settings = JSON.parse(await place.read("p.responses.settings.json"));
  expect(settings).toMatchObject({ sampling: { temperature: 0 }, maxTokens: 6, template: true });
  // Other forms of the same rows; a table has no lists.
  await place.write("list.json", JSON.stringify(prompts, undefined, 2));
  await place.run(generate, line.replace("p.jsonl", "list.json"));
  expect(await place.rows("list.responses.jsonl")).toEqual(rows);
  await place.write(
    "t.csv",
    "id,prompt,instruction,input\na,Once upon a time,,\nc,,the other said,yes!\n",
  );
  await place.run(generate, `${line.replace("p.jsonl", "t.csv")} --out table.jsonl`);
  expect((await place.rows("table.jsonl")).map(({ response }) => response)).toEqual(
    [rows[0], rows[2]].map((row) => row?.["response"]),
  );
  await expect(place.run(generate, line)).rejects.toThrow("expected a new file");
  await place.run(generate, `${line} --overwrite --raw --system none`).catch(() => {});
  expect(await place.rows("p.responses.jsonl")).toHaveLength(5);
});

test("an answer ends before a text, and what was made of it before does not change", async () => {
  await tinyModel(join(place.folder, "m"), { chat: true });
  await writePrompts();
  await place.run(generate, `${line} --out whole.jsonl`);
  const whole = (await place.rows("whole.jsonl")).map(({ response }) => `${response}`);
  const first = whole[0] ?? "";
  const stop = first.slice(2, 4);
  const options = `${line} --out cut.jsonl --batch 2 --stop`.split(" ");
  const { err } = await place.run(generate, [...options, stop, "--stop", "never said"]);
  const rows = await place.rows("cut.jsonl");
  expect(rows.map(({ response }) => response)).toEqual(whole.map((text) => text.split(stop, 1)[0]));
  expect(rows[0]).not.toHaveProperty("truncated");
  const ended = rows.filter((row) => !("truncated" in row)).length;
  expect(err).toContain(`${ended} ended by the model`);
  const settings = JSON.parse(await place.read("cut.settings.json"));
  expect(settings).toMatchObject({ stops: [stop, "never said"] });
});

test("what was interrupted goes on where it stopped, and ends the same", async () => {
  await tinyModel(join(place.folder, "m"), { chat: true });
  await writePrompts();
  const options = `${line} --batch 2 --temperature 1 --seed 3`;
  await place.run(generate, `${options} --out whole.jsonl`);
  const stop = new AbortController();
  const err = {
    write: (text: string) => {
      if (text.startsWith("2 of 5")) stop.abort();
      return true;
    },
    once: () => undefined,
  };
  const first = await place.run(generate, options, { err, signal: stop.signal });
  expect(first.finished).toBe(false);
  expect(await readdir(place.folder)).not.toContain("p.responses.jsonl");
  const partial = join(place.folder, "p.responses.jsonl.partial");
  // As a process that was ended by force leaves it: a batch in part, and a line in part.
  const half = `${(await readFile(join(place.folder, "whole.jsonl"), "utf8")).split("\n").slice(0, 3).join("\n")}\n{"id":`;
  await writeFile(partial, half);
  await expect(
    place.run(generate, options.replace(/--max-tokens \d+/, "--max-tokens 5")),
  ).rejects.toThrow("--overwrite");
  const second = await place.run(generate, options);
  expect(second.err).toContain("going on after 3 responses");
  expect(await place.read("p.responses.jsonl")).toBe(await place.read("whole.jsonl"));
  expect((await readdir(place.folder)).filter((name) => name.includes("partial"))).toEqual([]);
});

test("score reads the responses, and says what evaluate --task says", async () => {
  await tinyModel(join(place.folder, "m"), { chat: true });
  await place.run(data, "countdown --count 3 --seed 1 --out q.jsonl");
  await place.run(generate, `${line.replace("p.jsonl", "q.jsonl")} --out r.jsonl`);
  const { out } = await place.run(score, "countdown --responses r.jsonl");
  const options = "--model m --data q.jsonl --backend wasm --threads 1 --max-tokens 6";
  const measured = await place.run(evaluate, `${options} --task countdown`);
  expect(measured.out).toBe(out);
  const { out: json } = await place.run(evaluate, `${options} --task countdown --json`);
  expect(JSON.parse(json)).toMatchObject({
    task: "countdown",
    results: [{ name: "m", lines: [{ line: "all", count: 3 }, { line: "3 numbers" }] }],
  });
});

test("rows that ask nothing are told and left out; a file without any is refused", async () => {
  await tinyModel(join(place.folder, "m"));
  await place.write("p.jsonl", '{"prompt": "the"}\n{"id": 2}\n{"prompt": \n');
  const { err } = await place.run(generate, line);
  expect(err).toContain("p.jsonl:2: row: expected messages, prompt, instruction");
  expect(err).toContain("2 rows were left out, 1 kept");
  await place.write("p.jsonl", '{"id": 2}\n');
  await expect(place.run(generate, `${line} --out x.jsonl`)).rejects.toThrow("expected prompts");
  const turns = [
    { role: "system", content: "a" },
    { role: "user", content: "b" },
  ];
  await place.write("p.jsonl", `${JSON.stringify({ messages: turns })}\n`);
  await expect(place.run(generate, `${line} --out x.jsonl`)).rejects.toThrow("expected prompts");
});
