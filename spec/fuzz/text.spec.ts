import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DataError } from "../../src/tensor/errors.ts";
import { chatTemplate, encodeRows, loadTokenizer, rowsOf } from "../../src/text/index.ts";
import {
  byteLevel,
  byteLevelJson,
  sentencePieceJson,
  template,
  tokenizerConfig,
} from "../text/tiny.ts";
import { mutants } from "./mutants.ts";

/** Cases of each property. */
const numRuns = mutants(400);

/** What strangers' files may do: be read, or be refused by a DataError. */
async function readOrRefused(read: () => unknown): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    // What is shown of the file is short, whatever the file is.
    expect(error.message.length).toBeLessThan(1000);
  }
}

const names = fc.constantFrom(
  ...["messages", "conversations", "role", "from", "content", "value", "prompt", "completion"],
  ...["instruction", "input", "output", "text", "question", "answer", "system", "tools"],
  ...["chat_template_kwargs", "tool_calls", "__proto__", "constructor", "toString", "length", ""],
);
const leaf = fc.oneof(
  fc.constantFrom<unknown>(null, true, -1, 0.5, 1e21, "", "user", "assistant", "gpt", "[", "[1]"),
  fc.string({ unit: "binary", maxLength: 8 }),
);

/** Values that are nearly rows. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 5 },
    leaf,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(names, tie("value"), { maxKeys: 4 }),
  ),
}));

/** A text with a few of its stretches doubled, cut out or replaced. */
const damaged = (text: string) =>
  fc
    .array(
      fc.record({
        at: fc.nat(Math.max(0, text.length)),
        length: fc.nat(12),
        put: fc.oneof(
          fc.constantFrom(
            '"',
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\\",
            "\n",
            "\r",
            "%}",
            "{%",
            "{{",
            "}}",
          ),
          fc.constantFrom("1e999", "9007199254740993", "\u0000", "\ud800", "null", '"a":1,', "-"),
        ),
      }),
      { maxLength: 4 },
    )
    .map((edits) =>
      edits.reduce((s, { at, length, put }) => s.slice(0, at) + put + s.slice(at + length), text),
    );

const utf8 = new TextEncoder();

describe("rowsOf", () => {
  const files = fc.oneof(
    fc
      .array(value, { maxLength: 4 })
      .map((rows) => rows.map((row) => JSON.stringify(row)).join("\n")),
    fc.array(value, { maxLength: 4 }).map((rows) => JSON.stringify(rows)),
    damaged(
      '{"messages": [{"role": "user", "content": "q\\u00e9"}, {"role": "assistant", "content": "a"}], "n": 1.0}\n{"conversations": [{"from": "human", "value": "q"}]}',
    ),
    damaged('prompt,completion\n"a ""b""\n",c\r\nd,e\n'),
    fc.string({ unit: "binary", maxLength: 60 }),
  );
  const name = fc.constantFrom("d.jsonl", "d.json", "d.csv", "d");

  it("reads or refuses any text, and what it reads can be encoded or is refused", async () => {
    const chat = chatTemplate({ chatTemplateJinja: template.marked, tokenizerConfig });
    await fc.assert(
      fc.asyncProperty(files, name, (content, file) =>
        readOrRefused(() =>
          encodeRows(rowsOf({ name: file, content }), {
            tokenizer: byteLevel,
            chat,
            maxLength: 64,
          }),
        ),
      ),
      { numRuns: mutants(800) },
    );
  });

  it("reads or refuses any bytes", async () => {
    const start = fc.constantFrom<readonly number[]>(
      [],
      [0xef, 0xbb, 0xbf, 0x7b],
      [0x50, 0x41, 0x52, 0x31],
      Array.from(utf8.encode('{"text": "')),
    );
    await fc.assert(
      fc.asyncProperty(start, fc.uint8Array({ maxLength: 80 }), name, (head, tail, file) =>
        readOrRefused(() => rowsOf({ name: file, content: Uint8Array.of(...head, ...tail) })),
      ),
      { numRuns },
    );
  });

  it.each([
    ["a huge line", `{"text": "${"a".repeat(2 ** 26)}"}`],
    ["many quotes", `{"text": "${'\\"'.repeat(2 ** 21)}`],
    ["many backslashes", `{"text": "${"\\".repeat(2 ** 22)}`],
    ["many lists", "[".repeat(2 ** 20)],
    ["many keys", `{${Array.from({ length: 2 ** 16 }, (_, i) => `"k${i}": 1`).join(",")}}`],
    ["many lines", "\n".repeat(2 ** 22)],
    ["many spaces", `{"text": "a"${" ".repeat(2 ** 22)}x}`],
  ])("reads or refuses %s", (_, content) =>
    readOrRefused(() => rowsOf({ name: "d.jsonl", content })),
  );
});

describe("loadTokenizer", () => {
  const sources = [byteLevelJson(), sentencePieceJson()];
  const parts = [
    "model",
    "decoder",
    "normalizer",
    "pre_tokenizer",
    "post_processor",
    "added_tokens",
  ];
  const paths = [
    ...parts.map((part) => [part]),
    ...["type", "vocab", "merges", "unk_token", "byte_fallback"].map((field) => ["model", field]),
    ...["type", "decoders"].map((field) => ["decoder", field]),
    ["post_processor", "single"],
    ["post_processor", "special_tokens"],
    ["added_tokens", "0"],
    ["added_tokens", "1", "content"],
  ];

  const replaced = (
    json: object,
    [first = "", ...rest]: readonly string[],
    by: unknown,
  ): object => {
    const copy: Record<string, unknown> = Array.isArray(json) ? { ...json } : { ...json };
    const inner = copy[first];
    copy[first] =
      rest.length > 0 && typeof inner === "object" && inner !== null
        ? replaced(inner, rest, by)
        : by;
    return Array.isArray(json) ? Object.values(copy) : copy;
  };

  it("opens or refuses files with another value somewhere, and then encodes or refuses", async () => {
    const edits = fc.array(fc.tuple(fc.constantFrom(...paths), value), {
      minLength: 1,
      maxLength: 2,
    });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...sources), edits, (source, some) =>
        readOrRefused(() => {
          const tokenizerJson = some.reduce(
            (json: object, [path, by]) => replaced(json, path, by),
            source,
          );
          const tokenizer = loadTokenizer({ tokenizerJson, tokenizerConfig });
          const { ids } = tokenizer.encodeWithOffsets("Once <|end|> é 12");
          return tokenizer.decode(ids);
        }),
      ),
      { numRuns },
    );
  });

  /** All parts of a file, with the few tokens that a text needs: it is read many times as fast. */
  function small(json: (typeof sources)[number], text: string): object {
    const { vocab = {}, merges = [] } = json.model as {
      readonly vocab?: Readonly<Record<string, number>>;
      readonly merges?: readonly (readonly [string, string])[];
    };
    const letters = new Set(`${text}Ġ▁`);
    const tokens = Object.keys(vocab).filter(
      (token) =>
        /^<(\||unk|0x0)/.test(token) || Array.from(token).every((letter) => letters.has(letter)),
    );
    const ids = new Map(tokens.map((token, id) => [token, id]));
    const kept = merges.filter((pair) => [...pair, pair.join("")].every((one) => ids.has(one)));
    return { ...json, model: { ...json.model, vocab: Object.fromEntries(ids), merges: kept } };
  }

  it("opens or refuses damaged texts", async () => {
    const texts = sources.map((json) => JSON.stringify(small(json, "Once upon")));
    for (const tokenizerJson of texts) {
      const { encode, decode } = loadTokenizer({ tokenizerJson, tokenizerConfig });
      expect(decode(encode("Once upon", { addSpecialTokens: false }))).toBe("Once upon");
    }
    await fc.assert(
      fc.asyncProperty(fc.oneof(...texts.map(damaged)), (tokenizerJson) =>
        readOrRefused(() => loadTokenizer({ tokenizerJson }).encode("Once upon")),
      ),
      { numRuns: mutants(400) },
    );
  });
});

describe("chatTemplate", () => {
  const piece = fc.constantFrom(
    ...["{% for m in messages %}", "{% endfor %}", "{% if m %}", "{% endif %}", "{% else %}"],
    ...["{{ m.content | trim }}", "{{ m['role'] }}", "{% generation %}", "{% endgeneration %}"],
    ...["{%- set x = m.content %}", "{{ x.split('a')[0].strip('\\n') }}", "{{ tools | tojson }}"],
    ...["{{ messages[5].content }}", "{{ range(9) | length }}", "{% macro f(x) %}", "{{ f(1) }}"],
    ...["{{ x + 1 }}", "{{ messages | tojson(indent=2) }}", "{# c #}", "text\n", "{{", "%}", "{%"],
    ...["{{ namespace() }}", "{{ raise_exception('no') }}", "{{ strftime_now('%Y') }}", "'"],
  );
  const sources = fc.oneof(
    fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join("")),
    damaged(template.marked),
    damaged(template.plain),
  );
  const messages = [
    { role: "user", content: "a" },
    { role: "assistant", content: "b" },
  ];

  it("renders or refuses any template", async () => {
    await fc.assert(
      fc.asyncProperty(sources, value, (source, given) =>
        readOrRefused(() => {
          const chat = chatTemplate({ chatTemplateJinja: source });
          const all = [...messages, { role: "user", content: given }];
          return [chat?.render(all).text, chat?.render(messages).spans];
        }),
      ),
      { numRuns: mutants(800) },
    );
  });
});
