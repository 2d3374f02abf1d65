import { createHash } from "node:crypto";
import type { Exchange } from "../tasks/exchange.ts";
import type { TextSuite } from "../tasks/study/textSuite.ts";
import { constant } from "../tensor/apply.ts";
import { DataError } from "../tensor/errors.ts";
import { joinedArrays } from "../tensor/parts.ts";
import { fold, type Key, stream } from "../tensor/random.ts";
import { bpeEncoder } from "../text/bpe/encode.ts";
import type { BpeFile } from "../text/bpe/file.ts";
import { trainBpe } from "../text/bpe/train.ts";
import { byteCharacters } from "../text/pieces.ts";
import type { Checkpoints } from "../weights/store.ts";
import { type Encode, endOfText, specials, textsOf } from "./chat.ts";
import { idsIn, keptIn } from "./kept.ts";
import { skillsOf, targetsOf } from "./mixture.ts";
import type { Corpus, TextSource } from "./texts/corpus.ts";

/** Text as tokens, and the tokenizer that made them. */
export interface Prepared {
  readonly tokenizer: BpeFile;
  readonly vocabSize: number;
  readonly encode: Encode;
  /** To train on. */
  readonly texts: Uint16Array;
  /** Of which the model sees nothing. */
  readonly heldOut: Uint16Array;
  /** Bytes that each token stands for; none for the end of a text. */
  readonly bytesOf: readonly number[];
  /** SHA-256 of the tokens of both. */
  readonly digest: string;
  /** Where the texts came from. */
  readonly sources: readonly TextSource[];
}

/** What the tokens of a training are kept as. */
export const TEXT = "text";

/**
 * The texts as tokens; as they were read before, where a training goes on.
 * @param read reads the texts, where it does not
 * @throws DataError for what is kept of no texts
 */
export async function prepared(
  kept: Checkpoints,
  read: () => Promise<Corpus>,
  options: Omit<PrepareOptions, "corpus">,
): Promise<Prepared> {
  const before = await kept.load(TEXT);
  if (before) {
    const { tokenizer, sources } = keptIn(before.metadata[TEXT] ?? "", TEXT);
    const most = Math.min(MOST_TOKENS, Object.keys(tokenizer.model.vocab).length);
    const idsOf = (name: string): Uint16Array =>
      idsIn(before.tensors[name], most, `${TEXT}.${name}`);
    return preparedOf({ tokenizer, sources, texts: idsOf("texts"), heldOut: idsOf("heldOut") });
  }
  const made = prepare({ ...options, corpus: await read() });
  const { tokenizer, sources, texts, heldOut } = made;
  const tensors = Object.fromEntries(
    Object.entries({ texts, heldOut }).map(([name, ids]) => [
      name,
      constant(Int32Array.from(ids), [ids.length]),
    ]),
  );
  await kept.save(TEXT, { tensors, metadata: { [TEXT]: JSON.stringify({ tokenizer, sources }) } });
  return made;
}

type Tokens = Pick<Prepared, "tokenizer" | "sources" | "texts" | "heldOut">;

function preparedOf({ tokenizer, sources, texts, heldOut }: Tokens): Prepared {
  const bytesOf = bytesOfTokens(tokenizer);
  return {
    ...{ tokenizer, sources, texts, heldOut, bytesOf, vocabSize: bytesOf.length },
    encode: bpeEncoder(tokenizer),
    digest: createHash("sha256").update(texts).update(heldOut).digest("hex"),
  };
}

/** Tokens are kept as numbers of 16 bits. */
const MOST_TOKENS = 2 ** 16;

/** One piece of so many is held out. */
const HELD_EVERY = 100;
/** Tokens that are measured on at most. */
const MOST_HELD = 2 ** 17;
/** Characters that merges are counted in. */
const COUNTED = 16e6;
const COUNTED_EXCHANGES = 1e6;

export interface PrepareOptions {
  readonly corpus: Corpus;
  readonly suite: TextSuite;
  readonly latent: number;
  readonly vocabulary: number;
  /** Positions of a row. */
  readonly length: number;
  readonly key: Key;
}

/** Trains the tokenizer and turns all text into tokens. @throws DataError for too little text */
export function prepare({ corpus, vocabulary, length, ...options }: PrepareOptions): Prepared {
  const { pieces, sources } = corpus;
  if (vocabulary > MOST_TOKENS)
    throw new RangeError(
      `pretrain: expected a vocabulary of at most ${MOST_TOKENS} tokens, which 16 bits number, got ${vocabulary}`,
    );
  // A small corpus has no hundredth piece: its last one is held out.
  const apart = Math.min(HELD_EVERY, pieces.length);
  const held = pieces.filter((_, i) => i % apart === apart - 1);
  const kept = pieces.filter((_, i) => i % apart !== apart - 1);
  const characters = sumOf(kept, lengthOf);
  const exchanges = exchangeTexts(options, Math.min(characters, COUNTED_EXCHANGES));
  const counted = spread(kept, COUNTED, lengthOf);
  const tokenizer = trainBpe([...counted, ...exchanges], { vocabulary, specials });
  const encode = bpeEncoder(tokenizer);
  const texts = tokensOf(kept, encode);
  const heldOut = tokensOf(
    spread(held, MOST_HELD, (piece) => encode(piece).length),
    encode,
  );
  if (texts.length <= 2 * length)
    throw new DataError(
      `pretrain: expected more than ${2 * length} tokens of text beside the piece held out, got ${texts.length}`,
    );
  return preparedOf({ tokenizer, sources, texts, heldOut });
}

const lengthOf = (piece: string): number => piece.length;
const sumOf = (pieces: readonly string[], of: (piece: string) => number): number =>
  pieces.reduce((sum, piece) => sum + of(piece), 0);

/** As many of the pieces as have about `most` together, from all over them. */
function spread(
  pieces: readonly string[],
  most: number,
  of: (piece: string) => number,
): readonly string[] {
  const every = Math.ceil(sumOf(pieces, of) / most);
  return pieces.filter((_, i) => i % every === 0);
}

/** Questions and answers, in the shares in which they are learnt, as text to count merges in. */
function exchangeTexts(
  { suite, latent, key }: Pick<PrepareOptions, "suite" | "latent" | "key">,
  characters: number,
): readonly string[] {
  const next = stream(fold(key, 0));
  const [skills, targets] = [skillsOf(suite), targetsOf(suite, latent)];
  const texts: string[] = [];
  for (let count = 0; count < characters; ) {
    const exchange: Exchange = (texts.length % 5 === 4 ? targets : skills)(next);
    const { prompt, response } = textsOf(exchange);
    const text = `user\n${prompt}\nassistant\n${response}\n`;
    texts.push(text);
    count += text.length;
  }
  return texts;
}

function tokensOf(pieces: readonly string[], encode: Encode): Uint16Array {
  const parts = pieces.map((piece) => Uint16Array.from([...encode(piece), endOfText]));
  return joinedArrays([new Uint16Array(0), ...parts]);
}

const bytes: ReadonlySet<string> = new Set(byteCharacters);

function bytesOfTokens({ model, added_tokens }: BpeFile): readonly number[] {
  const special = new Set(added_tokens.map(({ id }) => id));
  const counts: number[] = [];
  for (const [token, id] of Object.entries(model.vocab))
    counts[id] = special.has(id) ? 0 : [...token].filter((one) => bytes.has(one)).length;
  return counts;
}
