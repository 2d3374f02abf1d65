import { DataError } from "../tensor/errors.ts";
import { shown } from "./jsonl.ts";

/** The bytes that a token stands for; `first` where nothing is in front of it. */
export type BytesOf = (token: string, first: boolean) => Uint8Array;

const utf8 = new TextEncoder();

/**
 * GPT-2's alphabet: a printable character for each byte. Bytes that are printable in Latin-1 stand
 * for themselves, the others, in order, for U+0100 and following.
 */
function byteLevelAlphabet(): ReadonlyMap<string, number> {
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
  const alphabet = new Map<string, number>();
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++)
    alphabet.set(String.fromCodePoint(printable(byte) ? byte : next++), byte);
  return alphabet;
}

const alphabet = byteLevelAlphabet();

/** The character of each byte, in the order of the bytes. */
export const byteCharacters: readonly string[] = [...alphabet.keys()];

/** A token with characters outside the alphabet stands for itself, as in tokenizers. */
const byteLevel: BytesOf = (token) => {
  const bytes: number[] = [];
  for (const character of token) {
    const byte = alphabet.get(character);
    if (byte === undefined) return utf8.encode(token);
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
};

const BYTE = /^<0x([0-9A-Fa-f]{2})>$/;

/** SentencePiece: a mark for spaces, bytes as `<0x0A>`, some spaces in front dropped. */
const sentencePiece =
  (replace: (token: string) => string, start: (text: string) => string): BytesOf =>
  (token, first) => {
    const byte = BYTE.exec(token)?.[1];
    const code = byte === undefined ? undefined : Number.parseInt(byte, 16);
    if (code !== undefined && code >= 0x80) return Uint8Array.of(code);
    const text = code === undefined ? replace(token) : String.fromCharCode(code);
    return utf8.encode(first ? start(text) : text);
  };

interface Config {
  readonly [key: string]: unknown;
}

const isConfig = (value: unknown): value is Config => typeof value === "object" && value !== null;

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" ? value : undefined;

/** The decoders of a sequence, one after the other. */
function flat(decoder: unknown): readonly Config[] {
  if (!isConfig(decoder)) return [];
  const parts = decoder["decoders"];
  return decoder["type"] === "Sequence" && Array.isArray(parts) ? parts.flatMap(flat) : [decoder];
}

function metaspace(config: Config): BytesOf {
  const mark = textOf(config["replacement"]) ?? "▁";
  const keeps = config["prepend_scheme"] === "never" || config["add_prefix_space"] === false;
  const replace = (token: string): string => token.replaceAll(mark, " ");
  // tokenizers drops every mark of the first token.
  const dropped = (token: string): string => token.replaceAll(mark, "");
  const inside = sentencePiece(replace, (text) => text);
  const atStart = sentencePiece(dropped, (text) => text);
  return (token, first) => (first && !keeps ? atStart : inside)(token, first);
}

/** A Replace's pattern where it is a text, not a regular expression. */
const patternOf = (config: Config): string | undefined =>
  isConfig(config["pattern"]) ? textOf(config["pattern"]["String"]) : undefined;

function parts(configs: readonly Config[], refuse: (got: unknown) => never): BytesOf {
  let replace = (token: string): string => token;
  let start = (text: string): string => text;
  for (const config of configs) {
    const previous = replace;
    switch (config["type"]) {
      case "ByteFallback":
      case "Fuse":
        break;
      case "Replace": {
        const [from, to] = [patternOf(config), textOf(config["content"])];
        if (from === undefined || from === "" || to === undefined) return refuse(config);
        replace = (token) => previous(token).replaceAll(from, to);
        break;
      }
      case "Strip": {
        const [content, most] = [textOf(config["content"]), config["start"]];
        if (!content || typeof most !== "number" || config["stop"] !== 0) return refuse(config);
        start = (text) => stripStart(text, content, most);
        break;
      }
      default:
        return refuse(config["type"]);
    }
  }
  return sentencePiece(replace, start);
}

function stripStart(text: string, content: string, most: number): string {
  let from = 0;
  for (let i = 0; i < most && text.startsWith(content, from); i++) from += content.length;
  return text.slice(from);
}

/**
 * What tokenizer.json's decoder makes of a token, as bytes: ByteLevel (Llama 3, Qwen, SmolLM2,
 * OLMo 2, Granite, GPT-2), and SentencePiece's as a Sequence or Metaspace (Llama 2, Mistral, Gemma).
 * @throws DataError for other decoders, by name
 */
export function bytesOfDecoder(decoder: unknown): BytesOf {
  const refuse = (got: unknown): never => {
    throw new DataError(
      `loadTokenizer: expected a decoder of ByteLevel, Metaspace, or Replace, ByteFallback, Fuse and Strip, got ${shown(got)}`,
    );
  };
  const configs = flat(decoder);
  const [only] = configs;
  if (only === undefined) return refuse(decoder);
  if (configs.length === 1 && only["type"] === "ByteLevel") return byteLevel;
  if (configs.length === 1 && only["type"] === "Metaspace") return metaspace(only);
  return parts(configs, refuse);
}
