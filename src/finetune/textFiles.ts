import { located } from "../tensor/errors.ts";
import { type Chat, chatTemplate } from "../text/chat.ts";
import { loadTokenizer, type Tokenizer } from "../text/tokenizer.ts";
import { ggufTokenizer } from "../weights/gguf/tokenizerJson.ts";
import type { GgufMetadata } from "../weights/gguf/types.ts";
import { jsonIn, type ModelFiles, pathIn, textIn } from "../weights/modelFiles.ts";

/** What a model's files say about text. */
export interface TextFiles {
  readonly tokenizer?: Tokenizer;
  readonly chat?: Chat;
  /** What they were made of, parsed: a GGUF file is written from these. */
  readonly sources: TextSources;
}

export interface TextSources {
  /** tokenizer.json */
  readonly tokenizer?: unknown;
  /** tokenizer_config.json */
  readonly tokenizerConfig?: unknown;
  /** The usual template's text. */
  readonly chatTemplate?: string | undefined;
}

/**
 * Reads tokenizer.json and the files beside it.
 * @throws DataError naming the file
 */
export async function textFilesIn(files: ModelFiles): Promise<TextFiles> {
  const [tokenizerJson, tokenizerConfig, specialTokensMap, chatTemplateJson] = await Promise.all(
    [
      "tokenizer.json",
      "tokenizer_config.json",
      "special_tokens_map.json",
      "chat_template.json",
    ].map((name) => jsonIn(files, name)),
  );
  const tokenizer =
    tokenizerJson === undefined
      ? undefined
      : located(pathIn(files, "tokenizer.json"), () =>
          loadTokenizer({ tokenizerJson, tokenizerConfig, specialTokensMap }),
        );
  const chatTemplateJinja = await textIn(files, "chat_template.jinja");
  const additional = await additionalTemplates(files);
  const chat = located(files.path, () =>
    chatTemplate({
      chatTemplateJinja,
      additional,
      tokenizerConfig,
      chatTemplateJson,
      specialTokens: tokenizer?.specialTokens,
    }),
  );
  return {
    ...(tokenizer && { tokenizer }),
    ...(chat && { chat }),
    sources: { tokenizer: tokenizerJson, tokenizerConfig, chatTemplate: usualOf(chat) },
  };
}

/** The same from a GGUF file's metadata. */
export function textFilesOf(metadata: GgufMetadata, path: string): TextFiles {
  if ((metadata["tokenizer.ggml.model"] ?? "none") === "none") return { sources: {} };
  return located(path, () => {
    const { tokenizer: tokenizerJson, chatTemplate: chatTemplateJinja } = ggufTokenizer(metadata);
    const tokenizerConfig = specialTokensIn(metadata);
    const tokenizer = loadTokenizer({ tokenizerJson, tokenizerConfig });
    const { specialTokens } = tokenizer;
    const chat = chatTemplate({ chatTemplateJinja, specialTokens });
    return {
      tokenizer,
      ...(chat && { chat }),
      sources: {
        tokenizer: tokenizerJson,
        chatTemplate: usualOf(chat),
        tokenizerConfig: {
          ...tokenizerConfig,
          ...(chatTemplateJinja !== undefined && { chat_template: chatTemplateJinja }),
        },
      },
    };
  });
}

const usualOf = (chat: Chat | undefined): string | undefined =>
  chat?.sources["default"] ?? Object.values(chat?.sources ?? {})[0];

/** The special tokens by role, as tokenizer_config.json names them. */
function specialTokensIn(metadata: GgufMetadata): Readonly<Record<string, string>> {
  const tokens = metadata["tokenizer.ggml.tokens"];
  const roles = { bos: "bos", eos: "eos", unknown: "unk", padding: "pad" } as const;
  return Object.fromEntries(
    Object.entries(roles).flatMap(([key, role]) => {
      const id = metadata[`tokenizer.ggml.${key}_token_id`];
      const token = Array.isArray(tokens) && typeof id === "number" ? tokens[id] : undefined;
      return typeof token === "string" ? [[`${role}_token`, token]] : [];
    }),
  );
}

async function additionalTemplates(files: ModelFiles): Promise<Readonly<Record<string, string>>> {
  const found: [string, string][] = [];
  for (const path of files.names) {
    const name = /^additional_chat_templates\/(.+)\.jinja$/.exec(path)?.[1];
    const text = name === undefined ? undefined : await textIn(files, path);
    if (name !== undefined && text !== undefined) found.push([name, text]);
  }
  return Object.fromEntries(found);
}
