import type { Engine } from "../engines/engine.ts";
import { measure } from "../finetune/measure.ts";
import type { Params } from "../nn/config.ts";
import { generate } from "../nn/generate/generate.ts";
import type { Transformer } from "../nn/transformer.ts";
import type { Exchange, Generator } from "../tasks/exchange.ts";
import type { Judged } from "../tasks/study/skill.ts";
import type { TextSuite } from "../tasks/study/textSuite.ts";
import { fold, type Key, stream } from "../tensor/random.ts";
import { at } from "../tensor/shapes.ts";
import { loadTokenizer } from "../text/tokenizer.ts";
import { begunTokens, promptTokens, textsOf, turnEnd } from "./chat.ts";
import { textRow } from "./mixture.ts";
import type { Prepared } from "./prepare.ts";

/** What a base has learnt. */
export interface Examination {
  /** Of held-out text: bits a byte, and nats a token. */
  readonly bitsPerByte: number;
  readonly logLoss: number;
  /** Bytes that were measured on. */
  readonly bytes: number;
  /** Share of questions of each skill that greedy answers get right. */
  readonly skills: Readonly<Record<string, number>>;
  /** Of each target: worked out, once the answer's first symbol is given; and directly, as the base
   * mostly answers. */
  readonly targets: Readonly<Record<string, { readonly worked: number; readonly direct: number }>>;
}

interface Examined {
  readonly model: Transformer;
  readonly params: Params;
  readonly suite: TextSuite;
  readonly prepared: Prepared;
  readonly length: number;
  /** Of each kind. */
  readonly questions: number;
  readonly key: Key;
}

/** Measures a base on text and on questions that it was not trained on. */
export async function examine(engine: Engine, examined: Examined): Promise<Examination> {
  const { suite } = examined;
  const text = await measureText(engine, examined);
  const kinds: readonly Kind[] = [
    ...Object.values(suite.skills).map(({ draw, score }) => ({ draw, score })),
    ...Object.values(suite.targets).flatMap(({ worked, direct, score }) => [
      { draw: worked, score, isBegun: true },
      { draw: direct },
    ]),
  ];
  const right = await ask(engine, kinds, examined);
  const names = Object.keys(suite.skills);
  const targets = Object.keys(suite.targets).map((name, i) => {
    const [worked, direct] = [names.length + 2 * i, names.length + 2 * i + 1];
    return [name, { worked: at(right, worked), direct: at(right, direct) }] as const;
  });
  return {
    ...text,
    skills: Object.fromEntries(names.map((name, i) => [name, at(right, i)])),
    targets: Object.fromEntries(targets),
  };
}

async function measureText(
  engine: Engine,
  { model, params, prepared, length }: Examined,
): Promise<Pick<Examination, "bitsPerByte" | "logLoss" | "bytes">> {
  const { heldOut, bytesOf } = prepared;
  const whole = heldOut.length - 1;
  const rows = Array.from({ length: Math.max(1, Math.floor(whole / length)) }, (_, i) =>
    textRow(heldOut, i * length, Math.min(length, whole)),
  );
  const measures = await measure(engine, { model, params }, rows);
  if (!measures) throw new Error("pretrain: expected measures, got none");
  const { logLoss, targets } = measures;
  const bytes = rows
    .flatMap(({ tokens }) => tokens.slice(1))
    .reduce((sum, id) => sum + at(bytesOf, id), 0);
  return { bitsPerByte: (logLoss * targets) / Math.LN2 / bytes, logLoss, bytes };
}

/** Questions of one kind; right is what a verifier takes, or else the drawn answer. */
interface Kind {
  readonly draw: Generator;
  readonly score?: Judged["score"];
  /** Whether the answer's first symbol is given. A latent style is the rarer one: a base that knows it
   * would not begin it of itself. */
  readonly isBegun?: boolean;
}

/** Tokens that an answer may have beyond the longest right one. */
const ROOM = 8;
const AT_ONCE = 64;

/** Lets the model answer all questions together. @returns the share of right ones of each kind */
async function ask(
  engine: Engine,
  kinds: readonly Kind[],
  { model, params, prepared, questions, key }: Examined,
): Promise<readonly number[]> {
  const { encode, tokenizer: tokenizerJson } = prepared;
  const tokenizer = loadTokenizer({ tokenizerJson });
  const { contextLength } = model.config;
  const all = kinds.flatMap(({ draw, score, isBegun = false }, kind) => {
    const next = stream(fold(key, kind));
    return Array.from({ length: questions }, () => {
      const exchange = draw(next);
      const wanted = encode(textsOf(exchange).response).length + 1;
      const begun = isBegun ? begunTokens(encode, exchange) : [];
      const prompt = [...promptTokens(encode, exchange), ...begun];
      return { kind, score, exchange, begun, prompt, wanted };
    });
  });
  // What the context has no room for cannot be right.
  const asked = all.filter(({ prompt, wanted }) => prompt.length + wanted <= contextLength);
  const right = kinds.map(() => 0);
  if (asked.length === 0) return right;
  const prompts = asked.map(({ prompt }) => prompt);
  const left = contextLength - Math.max(...prompts.map(({ length }) => length));
  const answers = await generate(engine, {
    ...{ model, params, prompts, stopToken: turnEnd, batchSize: Math.min(AT_ONCE, asked.length) },
    maxNewTokens: Math.min(left, Math.max(...asked.map(({ wanted }) => wanted)) + ROOM),
  });
  for (const [i, { kind, score, exchange, begun }] of asked.entries()) {
    const ids = at(answers, i);
    if (ids.at(-1) !== turnEnd) continue;
    const said = tokenizer.decode([...begun, ...ids.slice(0, -1)]);
    if (isRight(said, exchange, score)) right[kind] = at(right, kind) + 1;
  }
  return right.map((count) => count / questions);
}

const isRight = (said: string, exchange: Exchange, score: Judged["score"]): boolean =>
  score
    ? score(exchange.prompt, said.match(/\n|\S+/g) ?? []).correct
    : said === textsOf(exchange).response;
