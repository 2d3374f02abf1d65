import { Tokenizer as Library } from "@huggingface/tokenizers";
import { readJson } from "../json/readJson.ts";
import { DataError } from "../tensor/errors.ts";
import { expectKnown } from "../tensor/options.ts";
import { shown } from "./jsonl.ts";
import { type Piece, type Span, traceOffsets } from "./offsets.ts";
import { bytesOfDecoder } from "./pieces.ts";
import { type StreamDecoder, streamDecoder } from "./stream.ts";
import { readTokenizerFile, type SpecialTokens, specialTokensOf } from "./tokenizerFile.ts";

/** A tokenizer's files, each as text or parsed. */
export interface TokenizerFiles {
  readonly tokenizerJson: unknown;
  /** Names the special tokens; its chat template is for `chatTemplate`. */
  readonly tokenizerConfig?: unknown;
  /** special_tokens_map.json, for what the former does not say. */
  readonly specialTokensMap?: unknown;
}

/** How a text becomes ids. */
export interface EncodeOptions {
  /** Whether tokenizer.json's post_processor adds its tokens, BOS mostly; default true. Texts of
   * chat templates hold theirs: false. */
  readonly addSpecialTokens?: boolean;
}

/** How ids become a text. */
export interface DecodeOptions {
  /** Whether tokens such as BOS are left out; default false. */
  readonly skipSpecialTokens?: boolean;
}

/** Text to ids and back, as tokenizer.json says. */
export interface Tokenizer {
  /**
   * The ids of a text. A beginning-of-sequence token that the text spells out is not added again.
   * @throws DataError for characters that the vocabulary has no token for
   */
  encode(text: string, options?: EncodeOptions): number[];
  /** The same, and where each token's characters stand in the text. @throws DataError also where
   * the tokenizer alters the text otherwise than by NFC */
  encodeWithOffsets(
    text: string,
    options?: EncodeOptions,
  ): { readonly ids: readonly number[]; readonly offsets: readonly Span[] };
  /**
   * The text of ids. Spaces are not "cleaned up": `decode(encode(text)) === text`. Bytes that are no
   * UTF-8 become U+FFFD, as TextDecoder does; ids that a padded vocabulary leaves unused are empty.
   * @throws RangeError for a negative or broken id
   */
  decode(ids: Iterable<number>, options?: DecodeOptions): string;
  /** Decodes while tokens come, never half a character. */
  decoder(options?: DecodeOptions): StreamDecoder;
  /** Undefined for a text that is no token. */
  idOf(token: string): number | undefined;
  /** A token as it stands in the vocabulary, e.g. `Ġthe`; undefined for an unused id. */
  tokenOf(id: number): string | undefined;
  /** One more than the largest id; the model's may be larger. */
  readonly vocabSize: number;
  readonly bos: number | undefined;
  readonly eos: number | undefined;
  readonly pad: number | undefined;
  readonly unk: number | undefined;
  /** By role, as chat templates name them. */
  readonly specialTokens: SpecialTokens;
}

const parsed = (file: unknown, name: string): Readonly<Record<string, unknown>> => {
  let value: unknown = file ?? {};
  if (typeof value === "string") value = readJson(value, `loadTokenizer: ${name}`);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new DataError(`loadTokenizer: expected ${name} to be an object, got ${shown(value)}`);
  return { ...value };
};

/** What the library says of a file that it cannot use. */
function openLibrary(json: object, config: Readonly<Record<string, unknown>>): Library {
  const { model } = json as { readonly model: Readonly<Record<string, unknown>> };
  // The unknown token is the model's own affair; the rest of the configuration changes texts in
  // ways that fast tokenizers of transformers do not.
  const unk = model["unk_token"] ?? specialTokensOf(config).unk_token;
  return guarded("loadTokenizer", () => {
    const library = new Library(json, unk === undefined ? {} : { unk_token: unk });
    // Some faults of a file show only when it is used.
    library.encode("a");
    return library;
  });
}

function expectText(where: string, text: unknown): void {
  if (typeof text !== "string")
    throw new TypeError(`${where}: expected a text, got ${shown(text)}`);
}

/** What the library throws at a file that is not well-formed has many kinds. */
function guarded<T>(where: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    const reason = error instanceof Error ? error.message : `${error}`;
    throw new DataError(
      `${where}: expected a tokenizer.json that can be used, got: ${reason.slice(0, 200)}`,
    );
  }
}

/**
 * Opens a tokenizer: byte-level and SentencePiece BPE, as all decoders of the Llama, Qwen, Mistral,
 * Gemma, Phi, OLMo and Granite families have it. Ids are those of `@huggingface/tokenizers`.
 * @throws DataError for files that cannot be used, naming what is wrong
 * @example
 * const tokenizer = loadTokenizer({ tokenizerJson, tokenizerConfig });
 * tokenizer.decode(tokenizer.encode("Once upon a time", { addSpecialTokens: false }));
 */
export function loadTokenizer(files: TokenizerFiles): Tokenizer {
  expectKnown("loadTokenizer", files, ["tokenizerJson", "tokenizerConfig", "specialTokensMap"]);
  const { json, added, size } = readTokenizerFile(files.tokenizerJson);
  const config = parsed(files.tokenizerConfig, "tokenizer_config.json");
  const map = parsed(files.specialTokensMap, "special_tokens_map.json");
  const specialTokens = specialTokensOf(config, map);
  const library = openLibrary(json, config);
  const bytesOfToken = bytesOfDecoder(json["decoder"]);
  const addedById = new Map(added.map((token) => [token.id, token]));
  const utf8 = new TextEncoder();

  const idOf = (token: string | undefined): number | undefined =>
    token === undefined ? undefined : library.token_to_id(token);
  const [bos, eos] = [idOf(specialTokens.bos_token), idOf(specialTokens.eos_token)];
  const model = json["model"] as { readonly unk_token?: unknown };
  const unk = idOf(typeof model.unk_token === "string" ? model.unk_token : specialTokens.unk_token);
  // Old files leave BOS to the configuration; where a post_processor is, it decides.
  const prepends = json["post_processor"] === null && config["add_bos_token"] === true;

  function bytesOf(id: number, first: boolean): Uint8Array {
    const own = addedById.get(id);
    if (own) return utf8.encode(own.content);
    const token = library.id_to_token(id);
    return token === undefined ? new Uint8Array() : bytesOfToken(token, first);
  }

  function encode(text: string, options: EncodeOptions = {}): number[] {
    expectKnown("encode", options, ["addSpecialTokens"]);
    const { addSpecialTokens = true } = options;
    expectText("encode", text);
    if (text === "" && !addSpecialTokens) return [];
    const encoded: readonly (number | undefined)[] = guarded(
      "encode",
      () => library.encode(text, { add_special_tokens: addSpecialTokens }).ids,
    );
    const ids = encoded.map((id) => {
      if (id !== undefined) return id;
      throw new DataError(`encode: expected characters of the vocabulary, got ${shown(text)}`);
    });
    if (!addSpecialTokens || bos === undefined) return ids;
    if (prepends && ids[0] !== bos) ids.unshift(bos);
    const spelled = text.startsWith(specialTokens.bos_token ?? "\0");
    return spelled && ids[0] === bos && ids[1] === bos ? ids.slice(1) : ids;
  }

  const pieces = new Map<number, Piece>();
  function pieceOf(id: number): Piece {
    const known = pieces.get(id);
    if (known) return known;
    const piece = { bytes: bytesOf(id, false), added: addedById.get(id), unknown: id === unk };
    pieces.set(id, piece);
    return piece;
  }

  function decoder(options: DecodeOptions = {}): StreamDecoder {
    expectKnown("decode", options, ["skipSpecialTokens"]);
    const { skipSpecialTokens = false } = options;
    return streamDecoder((id, first) => {
      if (!(Number.isInteger(id) && id >= 0))
        throw new RangeError(`decode: expected ids that are integers from 0, got ${id}`);
      return skipSpecialTokens && addedById.get(id)?.special ? undefined : bytesOf(id, first);
    });
  }

  return {
    encode,
    encodeWithOffsets: (text, options) => {
      const ids = encode(text, options);
      return { ids, offsets: traceOffsets(text, ids.map(pieceOf)) };
    },
    decode: (ids, options) => {
      if (typeof ids !== "object" || typeof ids?.[Symbol.iterator] !== "function")
        throw new TypeError(`decode: expected a list of ids, got ${shown(ids)}`);
      const stream = decoder(options);
      return `${Array.from(ids, stream.push).join("")}${stream.end()}`;
    },
    decoder,
    idOf,
    tokenOf: (id) => library.id_to_token(id),
    vocabSize: size,
    bos,
    eos,
    pad: idOf(specialTokens.pad_token),
    unk,
    specialTokens,
  };
}

const idsIn = (value: unknown, name: string): readonly number[] => {
  const ids: readonly unknown[] = Array.isArray(value) ? value : [value ?? []].flat();
  return ids.map((id) => {
    if (typeof id === "number" && Number.isInteger(id) && id >= 0) return id;
    throw new DataError(`stopTokensOf: expected ids in ${name}, got ${shown(id)}`);
  });
};

const eosIn = (file: unknown): unknown =>
  typeof file === "object" && file !== null && "eos_token_id" in file
    ? (file.eos_token_id ?? undefined)
    : undefined;

/**
 * The ids that end a generated text: generation_config.json's, which may be several, or else
 * config.json's; and the tokenizer's own, which is the turn's end of many chat models.
 * @throws DataError for ids that are none
 */
export function stopTokensOf(
  config: unknown,
  generationConfig?: unknown,
  tokenizer?: Pick<Tokenizer, "eos">,
): readonly number[] {
  const own = eosIn(generationConfig);
  const ids =
    own === undefined
      ? idsIn(eosIn(config), "config.json's eos_token_id")
      : idsIn(own, "generation_config.json's eos_token_id");
  const eos = tokenizer?.eos;
  return [...new Set(eos === undefined ? ids : [...ids, eos])];
}
