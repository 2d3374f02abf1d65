import { chance, pick, type Stream } from "../tasks/draw.ts";
import type { Exchange, Generator } from "../tasks/exchange.ts";
import { mixedStyles } from "../tasks/study/mixture.ts";
import type { TextSuite } from "../tasks/study/textSuite.ts";
import { DataError } from "../tensor/errors.ts";
import { fold, type Key, permutation, stream } from "../tensor/random.ts";
import { at } from "../tensor/shapes.ts";
import { type Batch, collate } from "../train/batches.ts";
import type { MarkedTokens } from "../train/examples.ts";
import { type Encode, exchangeTokens } from "./chat.ts";

/** What a row of a batch holds. */
type Kind = "text" | "skills" | "targets";

/** Ten rows in turn: half of them text, four of skills, one of targets. */
const TURN: readonly Kind[] = [
  ...(["text", "skills", "text", "skills", "text"] as const),
  ...(["targets", "text", "skills", "text", "skills"] as const),
];
const textsBefore = TURN.map((_, i) => TURN.slice(0, i).filter((kind) => kind === "text").length);
const TEXTS = TURN.filter((kind) => kind === "text").length;

/** Minis are some times as long as other questions: one of them for so many of those. */
const MINI_SHARE = 0.3;

export interface MixtureParts {
  /** Texts one behind the other, each with its end. */
  readonly texts: ArrayLike<number>;
  readonly suite: TextSuite;
  readonly encode: Encode;
  /** How likely a target is answered in the worked style. */
  readonly latent: number;
  /** Positions of a row, and rows of a batch. */
  readonly length: number;
  readonly batchSize: number;
  readonly key: Key;
}

/** Draws skills alike, but minis, which are long, more rarely. */
export function skillsOf({ skills }: Pick<TextSuite, "skills">): Generator {
  const all = Object.values(skills);
  const minis = all.filter(({ score }) => score !== undefined);
  const plain = all.filter(({ score }) => score === undefined);
  const share = (MINI_SHARE * minis.length) / (MINI_SHARE * minis.length + plain.length);
  return (next) => pick(next, chance(next, share) ? minis : plain).draw(next);
}

/** Draws targets alike, in both styles. */
export function targetsOf({ targets }: Pick<TextSuite, "targets">, latent: number): Generator {
  const all = Object.values(targets).map((target) => mixedStyles(target, latent));
  return (next) => pick(next, all)(next);
}

/**
 * Batches of the mixture from a step on: the rows of each depend on the key and the step alone. Text
 * is cut into rows, which come in another order each time all were there; questions share rows.
 * @param steps of the whole run
 */
export function* mixtureFrom(
  step: number,
  steps: number,
  parts: MixtureParts,
): globalThis.Generator<Batch, void> {
  const { batchSize, length } = parts;
  const rowOf = rows(parts);
  for (let now = step; now < steps; now++) {
    const first = now * batchSize;
    const examples = Array.from({ length: batchSize }, (_, i) => rowOf(first + i));
    yield collate(examples, { length });
  }
}

function rows(parts: MixtureParts): (row: number) => MarkedTokens {
  const { texts, suite, latent, length, key } = parts;
  const chunks = Math.floor((texts.length - 1) / length);
  const drawn = { skills: skillsOf(suite), targets: targetsOf(suite, latent) };
  let epoch = { number: -1, order: [] as readonly number[] };
  const chunkOf = (count: number): number => {
    const number = Math.floor(count / chunks);
    if (number !== epoch.number)
      epoch = { number, order: permutation(fold(fold(key, 0), number), chunks) };
    return at(epoch.order, count % chunks);
  };
  return (row) => {
    const turn = row % TURN.length;
    const kind = at(TURN, turn);
    if (kind !== "text")
      return evenly(packed(stream(fold(fold(key, 1), row)), drawn[kind], parts), length);
    const chunk = chunkOf(Math.floor(row / TURN.length) * TEXTS + at(textsBefore, turn));
    return textRow(texts, chunk * length, length);
  };
}

/**
 * A row that counts as much as one of text does, though few of its tokens are answers: a turn's shares
 * are those of the loss. By tokens nine tenths of it were text, and what looks things up was not learnt.
 */
function evenly(row: MarkedTokens, length: number): MarkedTokens {
  const answers = row.mask.reduce((sum: number, counts) => sum + counts, 0);
  const weight = length / answers;
  return { ...row, weights: row.tokens.map(() => weight) };
}

/** A row of running text; its first token is there to be read. */
export function textRow(texts: ArrayLike<number>, from: number, length: number): MarkedTokens {
  const tokens = Array.from({ length: length + 1 }, (_, i) => texts[from + i] ?? 0);
  return {
    tokens,
    mask: tokens.map((_, i) => (i === 0 ? 0 : 1)),
    segments: tokens.map(() => 1),
  };
}

/** Draws that bring nothing a row has room for, until no more are tried. */
const PATIENCE = 1000;

/** Questions and answers until the row is full; the first has room, the last one is cut. */
function packed(next: Stream, draw: (next: Stream) => Exchange, parts: MixtureParts): MarkedTokens {
  const { encode, length } = parts;
  const [tokens, mask, segments]: [number[], (0 | 1)[], number[]] = [[], [], []];
  for (let [segment, inVain] = [1, 0]; tokens.length <= length; ) {
    const one = exchangeTokens(encode, draw(next));
    if (segment === 1 && one.tokens.length > length + 1) {
      if (++inVain < PATIENCE) continue;
      throw new DataError(`pretrain: expected rows that hold a question, got ${length} positions`);
    }
    tokens.push(...one.tokens);
    mask.push(...one.mask);
    segments.push(...one.tokens.map(() => segment));
    segment++;
  }
  const end = length + 1;
  return {
    tokens: tokens.slice(0, end),
    mask: mask.slice(0, end),
    segments: segments.slice(0, end),
  };
}
