/** How texts that were read before are read back: their tokens, and how they were made. */
import { canonicalJson } from "../json/canonicalJson.ts";
import { isRecord } from "../json/isRecord.ts";
import { readJson } from "../json/readJson.ts";
import { isCount } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type BpeFile, bpeFile } from "../text/bpe/file.ts";
import { refuse } from "../text/jsonl.ts";
import { byteCharacters } from "../text/pieces.ts";
import type { TextSource } from "./texts/corpus.ts";

/** What is kept of texts beside their tokens. */
export interface Kept {
  readonly tokenizer: BpeFile;
  readonly sources: readonly TextSource[];
}

/**
 * @param name of the file that it comes from, for messages
 * @throws DataError naming the field
 */
export function keptIn(text: string, name: string): Kept {
  const value = readJson(text, name);
  if (!isRecord(value)) return refuse(name, "a tokenizer and sources", value);
  const { sources } = value;
  if (!Array.isArray(sources)) return refuse(`${name}.sources`, "a list", sources);
  return {
    tokenizer: tokenizerAt(value["tokenizer"], `${name}.tokenizer`),
    sources: sources.map((one: unknown, i) => sourceAt(one, `${name}.sources[${i}]`)),
  };
}

/** A tokenizer as `trainBpe` makes it, which its tokens and merges tell. */
function tokenizerAt(value: unknown, place: string): BpeFile {
  const { model, added_tokens } = isRecord(value) ? value : {};
  const { vocab, merges } = isRecord(model) ? model : {};
  if (!isRecord(vocab)) return refuse(`${place}.model.vocab`, "ids by token", vocab);
  const tokens = Object.entries(vocab)
    .toSorted(([, a], [, b]) => Number(a) - Number(b))
    .map(([token]) => token);
  const has = (token: unknown): token is string =>
    typeof token === "string" && Object.hasOwn(vocab, token);
  const isMerge = (pair: unknown): pair is [string, string] =>
    Array.isArray(pair) && pair.length === 2 && pair.every(has) && has(pair.join(""));
  if (!Array.isArray(merges) || !merges.every(isMerge))
    return refuse(`${place}.model.merges`, "pairs of tokens", merges);
  const specials: readonly unknown[] = Array.isArray(added_tokens)
    ? added_tokens.map((one: unknown) => (isRecord(one) ? one["content"] : undefined))
    : [];
  if (!specials.every(has) || !byteCharacters.every(has))
    return refuse(`${place}.added_tokens`, "special tokens, and those of bytes", added_tokens);
  const file = bpeFile({ specials, tokens, merges });
  return canonicalJson(file) === canonicalJson(value)
    ? file
    : refuse(place, "a tokenizer of byte pair encoding as it was trained here", value);
}

function sourceAt(value: unknown, place: string): TextSource {
  if (!isRecord(value)) return refuse(place, "a source", value);
  const { version, licence, characters } = value;
  const textAt = (field: string): string => {
    const text = value[field];
    return typeof text === "string" ? text : refuse(`${place}.${field}`, "a text", text);
  };
  if (typeof characters !== "number" || !isCount(characters))
    return refuse(`${place}.characters`, "a whole number", characters);
  return {
    ...{ name: textAt("name"), sha256: textAt("sha256"), characters },
    ...(version !== undefined && { version: textAt("version") }),
    ...(licence !== undefined && { licence: textAt("licence") }),
  };
}

/** Token ids, all of them less than `most`. @throws DataError for other numbers, and for none */
export function idsIn(tensor: Tensor | undefined, most: number, place: string): Uint16Array {
  if (tensor?.shape.length !== 1) return refuse(place, "a list of token ids", tensor?.shape);
  const wrong = tensor.data.find((id) => !(Number.isInteger(id) && id >= 0 && id < most));
  if (wrong !== undefined) return refuse(place, `token ids less than ${most}`, wrong);
  return Uint16Array.from(tensor.data);
}
