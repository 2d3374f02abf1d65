import { describe, expect, it } from "vitest";
import { chatTemplate, encodeRows, loadTokenizer, type Row, rowsOf } from "../../src/text/index.ts";
import { compileTemplate } from "../../src/text/jinja/template.ts";
import { byteLevel, byteLevelJson } from "./tiny.ts";

/** What a program in JavaScript may pass, whatever the types say. */
// biome-ignore lint/suspicious/noExplicitAny: types would refuse what is to be refused here
type Anything = any;

const rowOf = (row: unknown): Row | undefined =>
  (rowsOf({ name: "d.jsonl", content: JSON.stringify(row) }) as readonly Row[])[0];

describe("a template prints, compares and counts as Python does", () => {
  it.each([
    [
      "{{ none }} {{ true }} {{ x }}|{{ 1.0 }} {{ 10 / 5 }}",
      "None True | 1.0 2.0".replace("| ", "|"),
    ],
    [
      "{{ [1.0, 'x', none, false] }} {{ {'b': 1, 'a': {}} }}",
      "[1.0, 'x', None, False] {'b': 1, 'a': {}}",
    ],
    [`{{ ["q'q", 'q"q', 'a\\n\\\\'] }}`, String.raw`["q'q", 'q"q', 'a\n\\']`],
    ["{{ 'x' ~ none ~ true ~ [1] ~ y }}", "xNoneTrue[1]"],
    ["{{ '1' == 1 }} {{ '' == 0 }} {{ none == '' }} {{ x == none }}", "False False False False"],
    ["{{ 1 == 1.0 }} {{ true == 1 }} {{ [1, {'a': 2}] == [1, {'a': 2}] }}", "True True True"],
    ["{{ '1' != 1 }} {{ {'a': 1} != {'a': 2} }}", "True True"],
    [
      "{{ none in [none] }} {{ '1' in [1] }} {{ 'b' in 'abc' }} {{ 'a' in {'a': 1} }}",
      "True False True True",
    ],
    ["{{ 'a' not in x }} {{ [1] in [[1]] }}", "True True"],
    ["{{ -7 % 3 }} {{ 7 % -3 }} {{ 7.5 % 2 }}", "2 -2 1.5"],
    ["{{ 1000000000000000000000 }}", "1000000000000000000000"],
    ["{% set a = 1 %}{% if a == '1' %}text{% elif a == 1.0 %}number{% endif %}", "number"],
    [
      "{% macro f() %}{{ true }}{% endmacro %}{{ f() }}{% set b %}{{ none }}{% endset %}{{ b }}",
      "TrueNone",
    ],
  ])("%s", (template, text) => {
    expect(compileTemplate(template).render({})).toBe(text);
  });
});

it("a conversation is a list of messages, and says what is none of them", () => {
  const chat = chatTemplate({ chatTemplateJinja: "{{ messages[0].content }}" });
  const render = (messages: Anything, options?: Anything) => () => chat?.render(messages, options);
  expect(render("hi")).toThrow(new TypeError('render: expected a list of messages, got "hi"'));
  expect(render([{ role: "user", content: "x" }, null])).toThrow(/got null as messages\[1\]/);
  expect(render([], { variables: { messages: [] } })).toThrow(
    /expected variables besides messages/,
  );
});

describe("rows", () => {
  it.each([
    ["[INST] hi [/INST]", "ok"],
    ["[3, 1, 2]", "[1, 2, 3]"],
    ['[{"a": 1}]', "[]"],
    ['[{"role": "user"', "["],
  ])("of texts that begin with a bracket are texts: %s", (prompt, completion) => {
    const got = rowOf({ prompt, completion });
    expect(got).toEqual({ kind: "completion", place: "d.jsonl:1", prompt, completion });
  });

  it("of messages as JSON are conversations, and their faults are not passed over", () => {
    const say = (role: string, content: string) => JSON.stringify([{ role, content }]);
    const row = { prompt: say("user", "q"), completion: say("assistant", "a") };
    expect(rowOf(row)).toMatchObject({ kind: "chat", promptLength: 1 });
    const twice = '[{"role": "user", "role": "user", "content": "q"}]';
    expect(() => rowOf({ ...row, prompt: twice })).toThrow(/prompt: .*a key once, got it twice/);
  });

  it.each([
    ["system", "be kind"],
    ["system_prompt", "be kind"],
    ["tools", [{ name: "f" }]],
    ["chat_template_kwargs", { a: 1 }],
  ])("of text lose no %s without a word", (name, value) => {
    const row = { prompt: "q", completion: "a" };
    expect(() => rowOf({ ...row, [name]: value })).toThrow(
      `${name}: expected none beside a prompt`,
    );
    for (const empty of [null, "", [], {}])
      expect(rowOf({ ...row, [name]: empty })).toMatchObject({ kind: "completion" });
  });

  it("are asked for by name where something else is given", () => {
    const row = { kind: "text", place: "p", text: "a" } as const;
    const encode = (rows: Anything, options: Anything) => () =>
      encodeRows(rows, { tokenizer: byteLevel, ...options });
    expect(encode("x", {})).toThrow('encodeRows: expected rows, such as rowsOf(…), got "x"');
    expect(encode([row], { tokenizer: undefined })).toThrow(/expected a tokenizer, such as/);
    expect(encode([row], { stopTokens: 2 })).toThrow(/expected a list of stopTokens, got 2/);
    expect(encode([row], { assistantOnly: "no" })).toThrow(/assistantOnly to be true or false/);
    expect(encode([{ ...row, kind: "x" }], {})).toThrow(/p: row: expected one of kind chat, comp/);
    expect(encode([null], {})).toThrow(/a row: row: expected one of kind chat, .* got null/);
    expect(() => rowsOf(null as Anything)).toThrow(
      /expected a path, or { name, content }, got null/,
    );
  });
});

describe("a tokenizer", () => {
  it("refuses what is no text and no list of ids", () => {
    for (const text of [5, null, undefined, ["a"]])
      expect(() => byteLevel.encode(text as Anything)).toThrow(/^encode: expected a text, got /);
    for (const ids of [5, null, undefined, "12"])
      expect(() => byteLevel.decode(ids as Anything)).toThrow(/^decode: expected a list of ids/);
  });

  it("refuses files with two added tokens of one id, and those that the library finds in words", () => {
    const json = byteLevelJson();
    const added =
      (...tokens: readonly object[]) =>
      () =>
        loadTokenizer({
          tokenizerJson: {
            ...json,
            added_tokens: [...(json["added_tokens"] as object[]), ...tokens],
          },
        });
    const [id, special] = [byteLevel.vocabSize, true];
    expect(added({ id, content: "<a>", special }, { id, content: "<b>", special })).toThrow(
      /expected added_tokens with an id for each, got "<a> with 280"/,
    );
    expect(added({ id, content: "cat", single_word: true })).toThrow(/without single_word/);
  });
});
