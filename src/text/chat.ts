import { isRecord } from "../json/isRecord.ts";
import { DataError } from "../tensor/errors.ts";
import { expectKnown } from "../tensor/options.ts";
import { compileTemplate, type Template } from "./jinja/template.ts";
import { shown } from "./jsonl.ts";
import type { Span } from "./offsets.ts";
import {
  checkUnmarked,
  cutMarks,
  type Message,
  marksGeneration,
  spansByPrefix,
  withMarks,
} from "./spans.ts";
import { type SpecialTokens, specialTokensOf } from "./tokenizerFile.ts";

/** Where a model's chat template may stand; the first that is there counts. */
export interface ChatFiles {
  /** chat_template.jinja. */
  readonly chatTemplateJinja?: string | undefined;
  /** additional_chat_templates/NAME.jinja, by name. */
  readonly additional?: Readonly<Record<string, string>> | undefined;
  /** tokenizer_config.json, parsed: `chat_template`, and the special tokens. */
  readonly tokenizerConfig?: unknown;
  /** chat_template.json, parsed; older models have it. */
  readonly chatTemplateJson?: unknown;
  /** Special tokens that the configuration does not name, e.g. a tokenizer's. */
  readonly specialTokens?: SpecialTokens | undefined;
}

/** What a chat template is asked for, beside the messages. */
export interface RenderOptions {
  /** Whether the text ends where the assistant begins to answer; default false. */
  readonly addGenerationPrompt?: boolean;
  /** Schemas of tools; a template named `tool_use` is taken where there is one. */
  readonly tools?: readonly unknown[] | undefined;
  readonly documents?: readonly unknown[] | undefined;
  /** What else a template asks for, e.g. `{ enable_thinking: false }` or a `date_string`. */
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  /** One of several templates by name. */
  readonly template?: string | undefined;
}

/** A conversation as the model reads it. */
export interface Rendered {
  readonly text: string;
  /**
   * What the assistant says, the end of each turn inside, as ranges of `text`; found when asked for.
   * @throws DataError where a template without generation tags leaves them uncertain
   */
  readonly spans: readonly Span[];
}

/** A model's chat template, whose texts hold their special tokens: encode them without any more. */
export interface Chat {
  /** @throws DataError for what the template refuses, in its words */
  render(messages: readonly Message[], options?: RenderOptions): Rendered;
  /** The templates by name; "default" is the usual one. */
  readonly sources: Readonly<Record<string, string>>;
}

/** `chat_template` of a JSON file: a text, or a list of `{ name, template }`. */
function listed(file: unknown): Readonly<Record<string, string>> {
  const value = isRecord(file) ? file["chat_template"] : undefined;
  if (value === undefined || value === null) return {};
  if (typeof value === "string") return { default: value };
  const entries: readonly unknown[] = Array.isArray(value) ? value : [value];
  return Object.fromEntries(
    entries.map((entry) => {
      const [name, template] = isRecord(entry) ? [entry["name"], entry["template"]] : [];
      if (typeof name !== "string" || typeof template !== "string")
        throw new DataError(
          `chatTemplate: expected templates of name and template, got ${shown(entry)}`,
        );
      return [name, template];
    }),
  );
}

/** As transformers resolves them: files before the configuration, which comes before the legacy. */
function templatesOf(files: ChatFiles): Readonly<Record<string, string>> {
  const { chatTemplateJinja, additional = {} } = files;
  if (chatTemplateJinja !== undefined) return { ...additional, default: chatTemplateJinja };
  if (Object.keys(additional).length > 0) return additional;
  const configured = listed(files.tokenizerConfig);
  return Object.keys(configured).length > 0 ? configured : listed(files.chatTemplateJson);
}

interface Compiled {
  readonly plain: Template;
  readonly marked: Template | undefined;
}

/**
 * A model's chat template from its files; undefined where there is none.
 * @param now the clock of `strftime_now`; by default the machine's
 * @throws DataError for a template that is none
 * @example
 * const chat = chatTemplate({ tokenizerConfig, specialTokens: tokenizer.specialTokens });
 * const { text } = chat.render([{ role: "user", content: "Hi" }], { addGenerationPrompt: true });
 * tokenizer.encode(text, { addSpecialTokens: false });
 */
export function chatTemplate(
  files: ChatFiles,
  options: { readonly now?: () => Date } = {},
): Chat | undefined {
  expectKnown("chatTemplate", files, [
    ...(["chatTemplateJinja", "additional", "tokenizerConfig", "chatTemplateJson"] as const),
    "specialTokens",
  ]);
  expectKnown("chatTemplate", options, ["now"]);
  const { now } = options;
  const sources = templatesOf(files);
  if (Object.keys(sources).length === 0) return undefined;
  const special = specialTokensOf(files.tokenizerConfig, files.specialTokens);
  const compiled = new Map(
    Object.entries(sources).map(([name, source]): [string, Compiled] => [
      name,
      {
        plain: compileTemplate(source, now),
        marked: marksGeneration(source) ? compileTemplate(withMarks(source), now) : undefined,
      },
    ]),
  );

  function pick({ template, tools }: RenderOptions): Compiled {
    const name = template ?? (tools && compiled.has("tool_use") ? "tool_use" : "default");
    const found = compiled.get(name) ?? (template === undefined ? soleOf(compiled) : undefined);
    if (found) return found;
    const names = Object.keys(sources).join(", ");
    throw new DataError(`chat template: expected one of ${names}, got ${name}`);
  }

  return {
    sources,
    render: (messages, options = {}) => {
      expectKnown("render", options, [
        ...(["addGenerationPrompt", "tools", "documents", "variables", "template"] as const),
      ]);
      expectMessages(messages);
      const taken = ["messages", "add_generation_prompt"].find((name) =>
        Object.hasOwn(options.variables ?? {}, name),
      );
      if (taken !== undefined)
        throw new DataError(
          `render: expected variables besides ${taken}, which is given on its own`,
        );
      const { plain, marked } = pick(options);
      const { tools, documents, variables, addGenerationPrompt = false } = options;
      const fill = (part: readonly Message[], prompt: boolean) => ({
        ...special,
        tools: tools ?? null,
        documents: documents ?? null,
        ...variables,
        messages: part,
        add_generation_prompt: prompt,
      });
      const whole = fill(messages, addGenerationPrompt);
      const text = plain.render(whole);
      return {
        text,
        get spans() {
          if (marked === undefined)
            return spansByPrefix(
              text,
              messages,
              (part, prompt) => plain.render(fill(part, prompt)),
              special.eos_token,
            );
          checkUnmarked(whole);
          return cutMarks(marked.render(whole)).spans;
        },
      };
    },
  };
}

/** @throws TypeError for what is no conversation, whatever its type claims */
function expectMessages(messages: readonly unknown[]): void {
  if (!Array.isArray(messages))
    throw new TypeError(`render: expected a list of messages, got ${shown(messages)}`);
  const odd = messages.findIndex((message) => !isRecord(message));
  if (odd >= 0)
    throw new TypeError(
      `render: expected messages, got ${shown(messages[odd])} as messages[${odd}]`,
    );
}

const soleOf = (compiled: ReadonlyMap<string, Compiled>): Compiled | undefined => {
  const [first, ...others] = compiled.values();
  return others.length === 0 ? first : undefined;
};
