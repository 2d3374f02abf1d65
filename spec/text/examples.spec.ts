import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DataError } from "../../src/tensor/errors.ts";
import {
  type Chat,
  type ChatRow,
  chatTemplate,
  type EncodedRows,
  type ExampleOptions,
  encodeRows,
  type Row,
  rowsOf,
  type TextExample,
} from "../../src/text/index.ts";
import { byteLevel, sentencePiece, template } from "./tiny.ts";

const specialTokens = { bos_token: "<|bos|>", eos_token: "<|eos|>" };

const chatOf = (source: string): Chat | undefined =>
  chatTemplate({ chatTemplateJinja: source, specialTokens });
const chat = chatOf(template.marked);
const tokenizer = byteLevel;

const place = "d.jsonl:1";
const text = (content: string): Row => ({ kind: "text", place, text: content });
const completion = (prompt: string, answer: string): Row => ({
  kind: "completion",
  place,
  prompt,
  completion: answer,
});
const conversation = (...contents: readonly string[]): ChatRow => ({
  kind: "chat",
  place,
  messages: contents.map((content, i) => ({
    role: i % 2 === 0 ? "user" : "assistant",
    content,
  })),
});

const encode = (rows: readonly Row[], options: Partial<ExampleOptions> = {}): EncodedRows =>
  encodeRows(rows, { tokenizer, chat, ...options });

const one = (row: Row, options: Partial<ExampleOptions> = {}): TextExample => {
  const [example, ...others] = encode([row], options).examples;
  if (example === undefined || others.length > 0) throw new Error("expected one example");
  return example;
};

/** What is learnt, token by token in one text, runs parted by bars. */
const learnt = ({ tokens, mask }: TextExample, from = tokenizer): string => {
  const runs: number[][] = [];
  tokens.forEach((id, i) => {
    if (mask[i] !== 1) return;
    if (i > 0 && mask[i - 1] === 1) runs.at(-1)?.push(id);
    else runs.push([id]);
  });
  return runs.map((run) => from.decode(run)).join("|");
};

describe.each([
  ["byteLevel", byteLevel],
  ["sentencePiece", sentencePiece],
])("labels, %s", (_, tokens) => {
  const from = { tokenizer: tokens };

  it("of a text are all of it, with EOS once and without BOS", () => {
    const plain = one(text("Once upon"), from);
    expect(plain.tokens).toEqual([1, ...tokens.encode("Once upon").slice(1), 2]);
    expect(plain.mask).toEqual([0, ...plain.tokens.slice(1).map(() => 1)]);
    expect(one(text("Once upon<|eos|>"), from)).toEqual(plain);
    expect(one(text("<|bos|>Once upon"), from)).toEqual(plain);
  });

  it("of prompt and completion are the completion, with EOS", () => {
    const example = one(completion("2 + 2 =", " 4"), from);
    expect(example.tokens).toEqual([...tokens.encode("2 + 2 = 4"), 2]);
    const start = tokens.encode("2 + 2 =").length;
    expect(example.mask).toEqual(example.tokens.map((_id, i) => (i >= start ? 1 : 0)));
    expect(one(completion("2 + 2 =", " 4"), { ...from, completionOnly: false }).mask).toEqual(
      example.tokens.map((_id, i) => (i > 0 ? 1 : 0)),
    );
  });

  it("of a conversation are the assistant's turns, their ends inside", () => {
    const example = one(conversation("2+2?", "4", "sure?", "yes 😀"), from);
    expect(example.tokens[0]).toBe(1);
    expect(example.tokens[1]).not.toBe(1);
    expect(learnt(example, tokens)).toMatch(/^ ?4<\|end\|>\| ?yes 😀<\|end\|>$/);
  });

  it("are the same with and without generation tags", () => {
    const row = conversation("q é", "a 日本", "the", "then there");
    expect(one(row, { ...from, chat: chatOf(template.plain) })).toEqual(one(row, from));
  });
});

describe("labels", () => {
  it("of a prompt in messages are what follows; with assistantOnly both must hold", () => {
    const row: Row = { ...conversation("a", "b", "c", "d"), promptLength: 2 };
    expect(() => one(row)).toThrow(/prompt: expected its \d+ tokens/);
    const asked: Row = { ...conversation("a", "b", "c", "d"), promptLength: 3 };
    expect(learnt(one(asked))).toBe("d<|end|>");
    expect(learnt(one(asked, { completionOnly: false, assistantOnly: true }))).toBe(
      "b<|end|>|d<|end|>",
    );
    const { messages } = conversation("a", "b", "c", "d");
    const answers: Row = { kind: "chat", place, messages, promptLength: 1 };
    expect(learnt(one(answers))).toBe(
      "b<|end|><|start|>user\nc<|end|><|start|>assistant\nd<|end|>",
    );
    expect(learnt(one(answers, { assistantOnly: true }))).toBe("b<|end|>|d<|end|>");
  });

  it("of all of a conversation, where asked for", () => {
    const { tokens, mask } = one(conversation("q", "a"), { assistantOnly: false });
    expect(mask).toEqual(tokens.map((_, i) => (i > 0 ? 1 : 0)));
  });

  it("go by position: padding may be EOS", () => {
    expect(tokenizer.pad).toBe(tokenizer.eos);
    const source = "{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}";
    const example = one(conversation("the", "then"), { chat: chatOf(source) });
    expect(learnt(example)).toBe("then<|eos|>");
  });

  it.each<[string, Row, Partial<ExampleOptions>, RegExp]>([
    [
      "no turn of the assistant",
      conversation("q"),
      {},
      /d\.jsonl:1: row: expected a token to learn/,
    ],
    ["nothing", text(""), { tokenizer: { ...byteLevel, eos: undefined } }, /it is empty/],
    [
      "no template",
      conversation("q", "a"),
      { chat: undefined },
      /d\.jsonl:1: row: expected a chat template/,
    ],
    ["a token that prompt and completion share", completion("a t", "he"), {}, /share a token/],
  ])("are refused for %s", (_, row, options, message) => {
    expect(() => one(row, options)).toThrow(DataError);
    expect(() => one(row, options)).toThrow(message);
  });

  it("tell when no end of an answer is learnt", () => {
    const endless = "{% for m in messages %}{{ m.content }}{% endfor %}";
    expect(encode([conversation("q", "a")], { chat: chatOf(endless) }).notes).toHaveLength(1);
    expect(encode([conversation("q", "a")], { stopTokens: [4] }).notes).toEqual([]);
    expect(encode([text("a")]).notes).toEqual([]);
  });
});

describe("truncation", () => {
  const row = completion("Once upon a time", " there was a little girl");
  const whole = one(row);
  const start = whole.mask.indexOf(1);

  it("keeps the start, and drops a row without a target", () => {
    const cut = encode([row], { maxLength: start + 2 });
    expect(cut.examples).toEqual([
      { tokens: whole.tokens.slice(0, start + 2), mask: whole.mask.slice(0, start + 2) },
    ]);
    expect([cut.truncated, cut.left, cut.targets, cut.tokens]).toEqual([1, [], 2, start + 2]);
    const none = encode([row, text("a")], { maxLength: start });
    expect(none.examples).toHaveLength(1);
    expect(none.left).toEqual([
      {
        place,
        reason: `expected a token to learn among ${start} of ${whole.tokens.length}, got none`,
      },
    ]);
  });

  it("keeps the end, whose first token is no target", () => {
    const { examples } = encode([row], { maxLength: 3, truncation: "keepEnd" });
    expect(examples).toEqual([{ tokens: whole.tokens.slice(-3), mask: [0, 1, 1] }]);
  });

  it("leaves longer rows out where asked for", () => {
    const { examples, left } = encode([row], { maxLength: 3, truncation: "drop" });
    expect([examples, left.length]).toEqual([[], 1]);
  });

  it("refuses lengths that hold nothing", () => {
    expect(() => encode([row], { maxLength: 1 })).toThrow(RangeError);
    expect(() => encode([row], { packing: true })).toThrow(RangeError);
  });
});

describe("packing", () => {
  const rows = fc.array(
    fc.string({ unit: fc.constantFrom("a", " ", "é", "the"), maxLength: 30 }).map(text),
    { minLength: 1, maxLength: 20 },
  );
  const packings = fc.constantFrom("bestFit" as const, "sequential" as const);

  it("holds each row once, whole, and as it is alone", () => {
    fc.assert(
      fc.property(rows, packings, fc.integer({ min: 4, max: 40 }), (some, packing, maxLength) => {
        const alone = encode(some, { maxLength });
        const packed = encode(some, { maxLength, packing });
        expect([packed.tokens, packed.targets]).toEqual([alone.tokens, alone.targets]);
        const parts = packed.examples.flatMap(({ tokens, mask, segments = [] }) => {
          expect(tokens.length).toBeLessThanOrEqual(maxLength);
          expect(segments.length).toBe(tokens.length);
          return Array.from({ length: Math.max(...segments) }, (_, k) => {
            const at = segments.flatMap((segment, i) => (segment === k + 1 ? [i] : []));
            expect(at).toEqual(at.map((_i, n) => (at[0] ?? 0) + n));
            return { tokens: at.map((i) => tokens[i]), mask: at.map((i) => mask[i]) };
          });
        });
        const sorted = (all: readonly object[]) => all.map((part) => JSON.stringify(part)).sort();
        expect(sorted(parts)).toEqual(sorted(alone.examples));
        for (const { mask } of parts) expect(mask[0]).toBe(0);
        expect(encode(some, { maxLength, packing })).toEqual(packed);
      }),
    );
  });

  it("in order keeps the order; the best fit leaves no two sequences that fit into one", () => {
    fc.assert(
      fc.property(rows, (some) => {
        const counts = (packing: "bestFit" | "sequential") =>
          encode(some, { maxLength: 40, packing }).examples;
        const inOrder = counts("sequential");
        expect(inOrder.flatMap(({ tokens }) => tokens)).toEqual(
          encode(some, { maxLength: 40 }).examples.flatMap(({ tokens }) => tokens),
        );
        const [least = 40, next = 40] = counts("bestFit")
          .map(({ tokens }) => tokens.length)
          .sort((a, b) => a - b);
        expect(least + next).toBeGreaterThan(40);
      }),
    );
  });

  it("fills best first", () => {
    const lengths = [6, 3, 4, 7];
    const some = lengths.map((length) => text("\u0001".repeat(length - 2)));
    const segments = (packing: "bestFit" | "sequential") =>
      encode(some, { maxLength: 10, packing }).examples.map(({ tokens }) => tokens.length);
    expect(segments("bestFit")).toEqual([10, 10]);
    expect(segments("sequential")).toEqual([9, 4, 7]);
  });
});

describe("from a file", () => {
  it("to examples in one go, at once or by a promise", async () => {
    const content = '{"prompt": "2 + 2 =", "completion": " 4"}\n';
    const rows = rowsOf({ name: "mine.jsonl", content });
    const encoded = encodeRows(rows, { tokenizer });
    expect(await encodeRows(Promise.resolve(rows), { tokenizer })).toEqual(encoded);
    expect(encoded).toMatchObject({ targets: 3, left: [], truncated: 0 });
  });
});
