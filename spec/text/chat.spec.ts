import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Float } from "../../src/json/parseJson.ts";
import { DataError } from "../../src/tensor/errors.ts";
import { type Chat, chatTemplate, type Message } from "../../src/text/index.ts";
import { checkpoints, checkpointText } from "./checkpoints.ts";
import { template } from "./tiny.ts";

const specialTokens = { bos_token: "<|bos|>", eos_token: "<|eos|>" };

function open(source: string): Chat {
  const chat = chatTemplate({ chatTemplateJinja: source, specialTokens });
  if (chat === undefined) throw new Error("no template");
  return chat;
}

const render = (source: string, variables = {}): string =>
  open(source).render([{ role: "user", content: "u" }], { variables }).text;

const said = (chat: Chat, messages: readonly Message[]): readonly string[] => {
  const { text, spans } = chat.render(messages);
  return spans.map(([start, end]) => text.slice(start, end));
};

const user = (content: string): Message => ({ role: "user", content });
const assistant = (content: string): Message => ({ role: "assistant", content });

describe("spans", () => {
  const marked = open(template.marked);
  const plain = open(template.plain);
  const turns = [user("2+2?"), assistant("4 é😀 "), user("sure?"), assistant("yes")];

  it("are what the assistant says, with the turn's end", () => {
    expect(said(marked, turns)).toEqual(["4 é😀<|end|>\n", "yes<|end|>\n"]);
  });

  it("are found without generation tags, and the same", () => {
    const conversation = fc
      .array(fc.tuple(fc.string({ unit: "binary" }), fc.string({ unit: "binary" })), {
        minLength: 1,
        maxLength: 4,
      })
      .map((pairs) => pairs.flatMap(([q, a]) => [user(q), assistant(a)]));
    fc.assert(
      fc.property(conversation, (messages) => {
        fc.pre(!/[\ue000\ue001]/.test(JSON.stringify(messages)));
        const [a, b] = [marked.render(messages), plain.render(messages)];
        expect(b.text).toBe(a.text);
        expect(b.spans).toEqual(a.spans);
      }),
    );
  });

  it("are refused for data with the marks, and only then", () => {
    const rendered = marked.render([user("\ue000"), assistant("a")]);
    expect(rendered.text).toContain("\ue000");
    expect(() => rendered.spans).toThrow(/U\+E000/);
    expect(plain.render([user("\ue000"), assistant("a")]).spans).toHaveLength(1);
  });

  /** As Qwen 3: thoughts of earlier turns are dropped. */
  const forgetful = open(`{%- for message in messages %}
{{- '<|start|>' + message.role + '\\n' }}
{%- if message.role == 'assistant' and loop.last %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}
{{- message.content + '<|end|>\\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|start|>assistant\\n' }}{% endif %}`);

  it("are found where a template writes earlier turns otherwise", () => {
    expect(said(forgetful, turns)).toEqual([
      "4 é😀 <|end|>\n",
      "<think>\n\n</think>\n\nyes<|end|>\n",
    ]);
  });

  it("are refused where they are not certain", () => {
    const sly = [user("q"), assistant("a<|end|>\n b"), user("q"), assistant("b")];
    expect(() => said(forgetful, sly)).toThrow(DataError);
    const moving = open("{% for m in messages %}{{ messages|length }}{{ m.content }}{% endfor %}");
    expect(() => said(moving, turns)).toThrow(/turn 2/);
  });
});

describe("the environment", () => {
  it.each([
    ["{{ 'xxaxx'.lstrip('x') }}|{{ '\n a \n'.strip('\n') }}", "axx| a "],
    ["[{{ nothing | trim }}{{ nothing.deeper | default('d') }}]", "[d]"],
    ["{{ ' a ' | trim }}", "a"],
    ["a\r\n{% if true %}\r\nb{% endif %}", "a\nb"],
    ["{% for i in range(5) %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}", "012"],
    ["{{ {'a': 'é<&', 'b': [1.0, 0.5, 1]} | tojson }}", '{"a": "é<&", "b": [1.0, 0.5, 1]}'],
    ["{{ x | tojson }} {{ x.y }}", '{"y": 1.0, "z": 1e-07} 1.0'],
    ["{{ [1] | tojson(indent=2) }}", "[\n  1\n]"],
    ["{{ bos_token }}{{ tools is none }}", "<|bos|>True"],
    ["{{ strftime_now is defined }}", "True"],
  ])("renders %j", (source, expected) => {
    expect(render(source, { x: { y: new Float(1), z: 1e-7 } })).toBe(expected);
  });

  it("refuses in the template's words", () => {
    expect(() => render("{{ raise_exception('no system here') }}")).toThrow(
      new DataError("chat template: no system here"),
    );
    expect(() => render("{{ range(1000000) }}")).toThrow(DataError);
    // Of ten thousand million turns.
    const loops = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}";
    expect(() => render(loops)).toThrow("chat template: expected at most 1048576 steps, got more");
    expect(() => open("{% if %}")).toThrow(DataError);
    expect(() => open("{% for a in b %}")).toThrow(DataError);
  });

  it("has a clock that is given", () => {
    const now = () => new Date(2026, 6, 26, 12);
    const chat = chatTemplate({ chatTemplateJinja: "{{ strftime_now('%d %b %Y') }}" }, { now });
    expect(chat?.render([]).text).toBe("26 Jul 2026");
  });
});

describe("the template", () => {
  it("is the first that is there", () => {
    const tokenizerConfig = { chat_template: "configured", bos_token: "b" };
    const chatTemplateJson = { chat_template: "legacy" };
    const all = { chatTemplateJinja: "file", tokenizerConfig, chatTemplateJson };
    const text = (files: object) => chatTemplate(files)?.render([]).text;
    expect(text(all)).toBe("file");
    expect(text({ ...all, chatTemplateJinja: undefined })).toBe("configured");
    expect(text({ chatTemplateJson })).toBe("legacy");
    expect(chatTemplate({ tokenizerConfig: {} })).toBeUndefined();
    expect(() => chatTemplate({ tokenizerConfig: { chat_template: [1] } })).toThrow(DataError);
  });

  it("has another for tools where there is one", () => {
    const chat_template = [
      { name: "default", template: "plain" },
      { name: "tool_use", template: "tools {{ tools[0] }}" },
    ];
    const chat = chatTemplate({ tokenizerConfig: { chat_template } });
    expect(chat?.render([]).text).toBe("plain");
    expect(chat?.render([], { tools: ["t"] }).text).toBe("tools t");
    expect(() => chat?.render([], { template: "rag" })).toThrow(/default, tool_use/);
  });
});

describe("transformers' verdicts", () => {
  const { absent, reason } = checkpoints("chat/expected.json");
  const verdicts = absent ? undefined : JSON.parse(checkpointText("chat/expected.json"));
  const files: readonly string[] = Object.keys(verdicts?.expected ?? {});
  const { bos_token, eos_token, pad_token, unk_token } = verdicts ?? {};
  // The file was rewritten by JSON.stringify, which spells 1.0 as 1; the template got a float.
  const float = verdicts?.conversations.toolsfloat.tools[0].function.parameters.properties.x;
  if (float) float.default = new Float(float.default);

  it.skipIf(absent)(`on texts, refusals and spans${reason}`, () => {
    const counts = { texts: 0, refused: 0, spans: 0 };
    for (const file of files) {
      const chat = chatTemplate(
        {
          chatTemplateJinja: checkpointText(`chat/${file}`),
          specialTokens: { bos_token, eos_token, pad_token, unk_token },
        },
        { now: () => new Date(2026, 6, 26, 12) },
      );
      for (const [name, { text, gen, err }] of Object.entries<{
        text?: string;
        gen?: readonly number[][];
        err?: string;
      }>(verdicts.expected[file])) {
        const { messages, tools, add_generation_prompt, ...variables } =
          verdicts.conversations[name];
        const options = { tools, variables, addGenerationPrompt: add_generation_prompt };
        const where = `${file}, ${name}`;
        if (err !== undefined) {
          expect(() => chat?.render(messages, options), where).toThrow(DataError);
          counts.refused++;
          continue;
        }
        const rendered = chat?.render(messages, options);
        expect(rendered?.text, where).toBe(text);
        counts.texts++;
        if (!file.includes("training")) continue;
        const points = (end: number) => Array.from(rendered?.text.slice(0, end) ?? "").length;
        expect(
          rendered?.spans.map((span) => span.map(points)),
          where,
        ).toEqual(gen);
        counts.spans++;
      }
    }
    expect(counts).toEqual({ texts: 214, refused: 18, spans: 60 });
  });
});
