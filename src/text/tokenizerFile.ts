import { isRecord } from "../json/isRecord.ts";
import { readJson } from "../json/readJson.ts";
import { DataError } from "../tensor/errors.ts";
import { shown } from "./jsonl.ts";

/** A token that is cut out of the text before the model sees it. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
}

/** tokenizer.json as far as it must be well-formed for the library not to fail later. */
export interface TokenizerFile {
  readonly json: Readonly<Record<string, unknown>>;
  readonly added: readonly AddedToken[];
  /** One more than the largest id. */
  readonly size: number;
}

type Fields = Readonly<Record<string, unknown>>;

const refuse = (expected: string, value: unknown): never => {
  throw new DataError(`loadTokenizer: expected ${expected}, got ${shown(value)}`);
};

const fieldsOf = (value: unknown, what: string): Fields =>
  isRecord(value) ? value : refuse(`${what} to be an object`, value);

/** No vocabulary is near; what is beyond would be an array with holes. */
const MOST_IDS = 2 ** 24;

const idOf = (value: unknown, token: string): number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value < MOST_IDS
    ? value
    : refuse(`an id in [0, ${MOST_IDS}) for ${shown(token)}`, value);

function addedToken(value: unknown): AddedToken {
  const { id, content, special, lstrip, rstrip, ...more } = fieldsOf(value, "added_tokens");
  if (typeof content !== "string" || content === "")
    return refuse("added_tokens with a content", value);
  // The library finds them within words all the same.
  if (more["single_word"] === true) return refuse("added_tokens without single_word", value);
  return {
    id: idOf(id, content),
    content,
    special: special === true,
    lstrip: lstrip === true,
    rstrip: rstrip === true,
  };
}

function checkMerges(merges: unknown): void {
  const listed: readonly unknown[] = Array.isArray(merges)
    ? merges
    : refuse("model.merges to be a list", merges);
  const isPair = (merge: unknown): boolean =>
    typeof merge === "string"
      ? merge.includes(" ")
      : Array.isArray(merge) && merge.length === 2 && merge.every((m) => typeof m === "string");
  const wrong = listed.find((merge) => !isPair(merge));
  if (wrong !== undefined) refuse("model.merges of pairs", wrong);
}

/**
 * The ids of a BPE vocabulary; each stands for one token. Other models are refused: the library's
 * Unigram has no bytes for what its vocabulary lacks and approximates SentencePiece's normalization,
 * so that ids would differ in silence, and no decoder of the known families has one.
 */
function vocabIds(model: Fields): readonly number[] {
  if (model["type"] !== "BPE" && model["type"] !== undefined)
    return refuse("a model of type BPE", model["type"]);
  checkMerges(model["merges"]);
  const vocab = fieldsOf(model["vocab"], "model.vocab");
  const ids = Object.entries(vocab).map(([token, id]) => idOf(id, token));
  if (new Set(ids).size < ids.length) refuse("model.vocab with an id for each token", "one twice");
  return ids;
}

/**
 * Checks tokenizer.json, given as text or parsed.
 * @throws DataError naming the field
 */
export function readTokenizerFile(source: unknown): TokenizerFile {
  const json = fieldsOf(
    typeof source === "string" ? readJson(source, "tokenizer.json") : source,
    "tokenizer.json",
  );
  const ids = vocabIds(fieldsOf(json["model"], "model"));
  const listed = json["added_tokens"] ?? [];
  if (!Array.isArray(listed)) return refuse("added_tokens to be a list", listed);
  const added = listed.map(addedToken);
  const contents = new Map(added.map(({ id, content }) => [id, content]));
  const second = added.find(({ id, content }) => contents.get(id) !== content);
  if (second) refuse("added_tokens with an id for each", `${second.content} with ${second.id}`);
  // Not Math.max(...ids): a call takes no 150,000 arguments on every engine.
  const largest = [...ids, ...added.map(({ id }) => id)].reduce((a, b) => Math.max(a, b), -1);
  if (largest < 0) return refuse("a vocabulary", json["model"]);
  const { decoder, normalizer, pre_tokenizer, post_processor } = json;
  const whole = {
    ...json,
    decoder: decoder ?? null,
    normalizer: normalizer ?? null,
    pre_tokenizer: pre_tokenizer ?? null,
    post_processor: post_processor ?? null,
    added_tokens: listed,
  };
  return { json: whole, added, size: largest + 1 };
}

const contentOf = (value: unknown): string | undefined => {
  const content = isRecord(value) ? value["content"] : value;
  return typeof content === "string" && content !== "" ? content : undefined;
};

/** The names that templates know special tokens by. */
const roles = [
  "bos_token",
  "eos_token",
  "pad_token",
  "unk_token",
  "sep_token",
  "cls_token",
  "mask_token",
] as const;

/** Special tokens by role, as tokenizer_config.json and special_tokens_map.json name them. */
export type SpecialTokens = { readonly [R in (typeof roles)[number]]?: string };

/** Later files fill what earlier ones lack. */
export const specialTokensOf = (...files: readonly unknown[]): SpecialTokens =>
  Object.fromEntries(
    roles.flatMap((role) => {
      const content = files
        .map((file) => (isRecord(file) ? contentOf(file[role]) : undefined))
        .find((found) => found !== undefined);
      return content === undefined ? [] : [[role, content]];
    }),
  );
