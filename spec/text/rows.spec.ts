import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import fc from "fast-check";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { DataError } from "../../src/tensor/errors.ts";
import { type Row, type RowsOptions, rowsOf } from "../../src/text/index.ts";

function sync(content: string, name = "d.jsonl", options: RowsOptions = {}): readonly Row[] {
  const rows = rowsOf({ name, content }, options);
  if (rows instanceof Promise) throw new Error("expected rows at once");
  return rows;
}

const jsonl = (...rows: readonly unknown[]): string =>
  rows.map((row) => JSON.stringify(row)).join("\n");

const only = (row: unknown, options?: RowsOptions) => sync(jsonl(row), "d.jsonl", options)[0];

const dialogue = [
  { role: "user", content: "q" },
  { role: "assistant", content: "a" },
];

describe("shapes", () => {
  const chat = { kind: "chat", place: "d.jsonl:1", messages: dialogue };
  const exchange = { ...chat, promptLength: 1 };
  it.each<[string, unknown, unknown]>([
    ["messages", { messages: dialogue }, chat],
    [
      "ShareGPT's conversations",
      {
        id: 1,
        conversations: [
          { from: "human", value: "q" },
          { from: "gpt", value: "a" },
        ],
      },
      chat,
    ],
    [
      "a system field",
      { system: "s", messages: dialogue },
      { ...chat, messages: [{ role: "system", content: "s" }, ...dialogue] },
    ],
    [
      "two texts",
      { prompt: "q", completion: "a" },
      { kind: "completion", place: "d.jsonl:1", prompt: "q", completion: "a" },
    ],
    [
      "prompt and response",
      { prompt: "q", response: "a" },
      { kind: "completion", place: "d.jsonl:1", prompt: "q", completion: "a" },
    ],
    [
      "two lists of messages",
      { prompt: dialogue.slice(0, 1), completion: dialogue.slice(1) },
      exchange,
    ],
    [
      "alpaca without input",
      { instruction: "q", input: "", output: "a", text: "all of it" },
      exchange,
    ],
    [
      "alpaca with input",
      { instruction: "q", input: "x", output: "a" },
      { ...exchange, messages: [{ role: "user", content: "q\nx" }, dialogue[1]] },
    ],
    ["question and answer", { question: "q", answer: "a", level: 3 }, exchange],
    ["text", { text: "t", url: "u" }, { kind: "text", place: "d.jsonl:1", text: "t" }],
    [
      "null columns",
      { messages: null, text: "t" },
      { kind: "text", place: "d.jsonl:1", text: "t" },
    ],
    [
      "parts of text",
      { messages: [{ role: "user", content: [{ type: "text", text: "q" }] }, dialogue[1]] },
      chat,
    ],
    [
      "tools and calls",
      {
        messages: [
          dialogue[0],
          { role: "assistant", content: null, tool_calls: [{ id: "1" }] },
          { role: "observation", content: "r" },
        ],
        tools: '[{"name": "f"}]',
        chat_template_kwargs: { enable_thinking: false },
      },
      {
        ...chat,
        messages: [
          dialogue[0],
          { role: "assistant", tool_calls: [{ id: "1" }] },
          { role: "tool", content: "r" },
        ],
        tools: [{ name: "f" }],
        variables: { enable_thinking: false },
      },
    ],
    ["a prompt beside a conversation", { prompt: "q", prompt_id: 1, messages: dialogue }, chat],
  ])("reads %s", (_, row, expected) => expect(only(row)).toEqual(expected));

  it("asks where fields could mean several things", () => {
    const row = { messages: dialogue, question: "q", answer: "a" };
    expect(() => only(row)).toThrow(/d\.jsonl:1: row: .*messages and question-answer/);
    expect(only(row, { shape: "messages" })).toMatchObject({ kind: "chat" });
  });

  it.each<[string, unknown, RegExp]>([
    ["unknown keys", { foo: 1, bar: 2 }, /foo, bar/],
    [
      "a role nobody has",
      { messages: [{ role: "narrator", content: "x" }] },
      /messages\[0\].*narrator/,
    ],
    ["a text that is none", { prompt: "q", completion: 4 }, /completion: expected a/],
    ["images", { messages: [{ role: "user", content: [{ type: "image" }] }] }, /parts of text/],
    ["no messages", { messages: [] }, /a list of messages/],
    [
      "two system messages",
      { system: "s", messages: [{ role: "system", content: "t" }] },
      /system/,
    ],
    ["an object that says nothing", { messages: [{ role: "user" }] }, /a text/],
    ["a list", [1], /an object/],
    ["keys of every object", { toString: 1, constructor: 2 }, /expected messages/],
  ])("refuses %s", (_, row, message) => {
    expect(() => only(row)).toThrow(DataError);
    expect(() => only(row)).toThrow(message);
  });

  it("refuses rows of another shape than the first", () => {
    expect(() => sync(jsonl({ text: "a" }, { prompt: "q", completion: "a" }))).toThrow(
      "d.jsonl:2: row: expected text as in d.jsonl:1, got prompt-completion",
    );
  });
});

describe("files", () => {
  it.each([
    ["/nothing/here.jsonl", "/nothing/here.jsonl: expected a file to read, got no such file"],
    [tmpdir(), `${tmpdir()}: expected a file to read, got a folder`],
    ["a\0.jsonl", "a\0.jsonl: expected a file to read, got a name with a NUL in it"],
  ])("at a path that cannot be read are refused in words: %j", (path, message) => {
    expect(() => rowsOf(path)).toThrow(new DataError(message));
  });

  it("are read from a path, JSON lists with their row", () => {
    const folder = mkdtempSync(`${tmpdir()}/rows-`);
    try {
      writeFileSync(`${folder}/d.json`, '\ufeff[{"text": "a"},\n {"text": "b"}]');
      expect(rowsOf(`${folder}/d.json`)).toMatchObject([
        { text: "a", place: `${folder}/d.json: row 1` },
        { text: "b" },
      ]);
      expect(() => rowsOf(`${folder}/none.jsonl`)).toThrow(DataError);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("of JSONL keep their line", () => {
    const rows = sync('\ufeff{"text": "a"}\r\n\r\n  {"text": "é\\n"}\n');
    expect(rows.map(({ place }) => place)).toEqual(["d.jsonl:1", "d.jsonl:3"]);
    expect(() => sync('{"text": "a"}\n{"text": ')).toThrow(/^d\.jsonl:2: column 10: expected/);
    expect(() => sync('{"text": "a", "text": "b"}')).toThrow(/a key once/);
    expect(() => sync('{"text": "a", "id": 9007199254740993}')).toThrow(/2\^53/);
    expect(sync('{"text": "a", "__proto__": {"prompt": 1}}')).toHaveLength(1);
  });

  it("of CSV are read by their header", () => {
    const rows = sync('prompt,completion\n"a, ""b""\n2",c\n', "d.csv");
    expect(rows).toEqual([
      { kind: "completion", place: "d.csv:2", prompt: 'a, "b"\n2', completion: "c" },
    ]);
    const messages = JSON.stringify(dialogue).replaceAll('"', '""');
    expect(sync(`messages\n"${messages}"`, "d.csv")).toMatchObject([{ messages: dialogue }]);
    expect(() => sync("text,text\na,b", "d.csv")).toThrow(/each column once/);
    expect(() => sync("text\na,b", "d.csv")).toThrow(/d\.csv:2: row: expected 1 fields, got 2/);
    expect(() => sync('text\n"a', "d.csv")).toThrow(/closing quote/);
  });

  it("of Parquet come by a promise", async () => {
    const content = new Uint8Array(
      parquetWriteBuffer({
        columnData: [
          { name: "question", data: ["q", "r"] },
          { name: "answer", data: ["a", "b"] },
          { name: "id", data: [1n, 2n] },
        ],
      }),
    );
    const rows = await rowsOf({ name: "d.parquet", content });
    expect(rows).toMatchObject([
      { kind: "chat", messages: dialogue, promptLength: 1, place: "d.parquet: row 1" },
      { place: "d.parquet: row 2" },
    ]);
    const broken = { name: "d.parquet", content: content.slice(0, 40) };
    await expect(rowsOf(broken)).rejects.toThrow(DataError);
  });

  it.each<[string, Uint8Array | string]>([
    ["nothing", ""],
    ["blank lines", "\n \n"],
    ["words", "hello"],
    ["UTF-16", Uint8Array.of(0xff, 0xfe, 0x7b, 0)],
    ["gzip", Uint8Array.of(0x1f, 0x8b, 8)],
    ["other bytes than UTF-8", Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)],
  ])("of %s are refused", (_, content) => {
    expect(() => rowsOf({ name: "d.jsonl", content })).toThrow(DataError);
  });

  it("say the same in each format", () => {
    const cell = fc.string({ unit: "binary", minLength: 1 }).filter((text) => !/\0/.test(text));
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 5 }), (pairs) => {
        const rows = pairs.map(([prompt, completion]) => ({ prompt, completion }));
        const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const csv = pairs.map(([p, c]) => `${quote(p)},${quote(c)}`).join("\n");
        const strip = (all: readonly Row[]) => all.map(({ place: _, ...rest }) => rest);
        const lines = strip(sync(jsonl(...rows)));
        expect(lines).toEqual(rows.map((row) => ({ kind: "completion", ...row })));
        expect(strip(sync(JSON.stringify(rows)))).toEqual(lines);
        expect(strip(sync(`prompt,completion\n${csv}`, "d.csv"))).toEqual(lines);
      }),
    );
  });
});
