import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Engine } from "../engines/engine.ts";
import { numericsOf } from "../engines/numerics.ts";
import { operationsOf } from "../finetune/speed.ts";
import { canonicalJson } from "../json/canonicalJson.ts";
import { isRecord } from "../json/isRecord.ts";
import { jsonText } from "../json/jsonText.ts";
import { readJson } from "../json/readJson.ts";
import { transformer } from "../nn/transformer.ts";
import { textSuite } from "../tasks/study/textSuite.ts";
import { DataError } from "../tensor/errors.ts";
import { expectKnown } from "../tensor/options.ts";
import { fold, key } from "../tensor/random.ts";
import { sizeOf } from "../tensor/shapes.ts";
import { checkpointFolder, readIfThere, writeWhole } from "../weights/files.ts";
import { namesIfThere } from "../weights/nodeFile.ts";
import { checkpointsInMemory } from "../weights/store.ts";
import { cardOf } from "./card.ts";
import { type Examination, examine } from "./examine.ts";
import { RECORD, writeBase } from "./folder.ts";
import type { MixtureParts } from "./mixture.ts";
import { type Prepared, prepared, TEXT } from "./prepare.ts";
import { configFor, type Size } from "./sizes.ts";
import type { Corpus, TextSource } from "./texts/corpus.ts";
import type { ToldStep, TrainedStep } from "./told.ts";
import { STATE, train } from "./train.ts";

/** All that decides a base's numbers, but its texts. */
export interface PretrainSettings extends Omit<Size, "tokens" | "batch"> {
  readonly name: string;
  readonly steps: number;
  /** Rows of a batch, and positions of a row: the context. */
  readonly batchSize: number;
  readonly length: number;
  readonly vocabulary: number;
  /** How likely a target is answered in the worked style. */
  readonly latent: number;
  readonly seed: number;
  /** Of each skill and target, when all is done. */
  readonly questions: number;
}

export interface PretrainOptions {
  readonly settings: PretrainSettings;
  /** Reads the texts; not called where a training goes on, which keeps what it has read. */
  readonly corpus: () => Promise<Corpus>;
  /** Says which texts these are, such as the folder's path: a training goes on with no others. */
  readonly texts?: string;
  /** The folder that the base is written to; what is unfinished stands beside it. */
  readonly out: string;
  readonly engine: Engine;
  readonly overwrite?: boolean;
  /** Ends after the plan, and writes nothing. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  /** For the model card: how it was made. */
  readonly command?: string;
  readonly versions?: Readonly<Record<string, string>>;
}

/** What is going to happen, from before the first step. */
export interface PretrainPlan {
  readonly kind: "plan";
  readonly parameters: number;
  readonly vocabSize: number;
  /** Of text that there is, and of all rows that are trained on. */
  readonly textTokens: number;
  readonly tokens: number;
  readonly steps: number;
  /** Floating-point operations. */
  readonly operations: number;
}

export type PretrainEvent =
  | PretrainPlan
  | ({ readonly kind: "step" } & ToldStep)
  | ({ readonly kind: "examined" } & Examination)
  | { readonly kind: "saved"; readonly folder: string }
  | { readonly kind: "stopped" };

/** Where a training that is not finished is kept. */
export const unfinishedOf = (out: string): string => `${out}.unfinished`;

/** What a base's folder tells of it: `pretraining.json`. */
export interface PretrainRecord {
  readonly settings: PretrainSettings;
  readonly texts: readonly TextSource[];
  /** SHA-256 of the tokens. */
  readonly digest: string;
  readonly plan: Omit<PretrainPlan, "kind">;
  readonly losses: readonly TrainedStep[];
  readonly examination: Examination;
  readonly engine: string;
  readonly numerics: unknown;
  readonly command?: string;
  readonly versions?: Readonly<Record<string, string>>;
}

/**
 * Pre-trains a base on texts, skills and latent targets, and writes it as a Hugging Face folder. The
 * same settings and texts give the same bits on the same engine, however often it was stopped.
 * @throws DataError for a folder that holds other things or another training, and for too little text
 */
export async function* runPretrain(options: PretrainOptions): AsyncGenerator<PretrainEvent, void> {
  expectKnown("runPretrain", options, [
    ...(["settings", "corpus", "texts", "out", "engine", "overwrite", "signal"] as const),
    ...(["dryRun", "command", "versions"] as const),
  ]);
  const { settings, corpus, out, engine, overwrite = false } = options;
  const { signal = new AbortController().signal } = options;
  await expectPlace(out, overwrite);
  const suite = textSuite();
  const root = key(settings.seed);
  const { steps, batchSize, length, latent, vocabulary } = settings;
  const unfinished = unfinishedOf(out);
  const kept = options.dryRun ? checkpointsInMemory() : checkpointFolder(unfinished);
  // Their number may change while it goes.
  const { steps: _, ...same } = settings;
  const decides = {
    ...same,
    ...(options.texts !== undefined && { texts: options.texts }),
    numerics: numericsOf(engine),
  };
  if (!options.dryRun) await expectSame(unfinished, decides);
  const asked = { suite, latent, vocabulary, length, key: fold(root, 0) };
  let text: Prepared;
  try {
    text = await prepared(kept, corpus, asked);
  } catch (error) {
    // A download that was told to end fails as any other does.
    if (!signal.aborted) throw error;
    yield { kind: "stopped" };
    return;
  }
  const model = transformer(configFor(settings, text.vocabSize, length));
  const plan: PretrainPlan = {
    ...{ kind: "plan", textTokens: text.texts.length },
    ...workOf(settings, text.vocabSize),
  };
  yield plan;
  if (options.dryRun) return;
  const mixture: MixtureParts = {
    ...{ texts: text.texts, suite, encode: text.encode, latent, length, batchSize },
    key: fold(root, 1),
  };
  const losses: TrainedStep[] = [];
  const training = train(engine, {
    ...{ model, mixture, key: fold(root, 2), steps, learningRate: settings.learningRate, signal },
    ...{ kept, checkpointEvery: CHECKPOINT_EVERY },
  });
  for (;;) {
    const next = await training.next();
    if (!next.done) {
      const { step, loss } = next.value;
      losses.push({ step, loss });
      yield { kind: "step", ...next.value };
      continue;
    }
    const params = next.value;
    if (!params) {
      yield { kind: "stopped" };
      return;
    }
    const examination = await examine(engine, {
      ...{ model, params, suite, prepared: text, length },
      ...{ questions: settings.questions, key: fold(root, 3) },
    });
    yield { kind: "examined", ...examination };
    const { kind, ...planned } = plan;
    const record: PretrainRecord = {
      ...{ settings, texts: text.sources, digest: text.digest, plan: planned, losses },
      ...{ examination, engine: engine.backend, numerics: numericsOf(engine) },
      ...(options.command !== undefined && { command: options.command }),
      ...(options.versions && { versions: options.versions }),
    };
    const { config } = model;
    const { tokenizer } = text;
    await writeBase(
      out,
      { config, params, tokenizer, record, card: cardOf(record) },
      { overwrite },
    );
    for (const name of [STATE, TEXT]) await kept.remove(name);
    await rm(join(unfinished, SETTINGS), { force: true });
    yield { kind: "saved", folder: out };
    return;
  }
}

const CHECKPOINT_EVERY = 200;
const SETTINGS = "settings.json";

/** What a training takes; before texts have been read as well, where the vocabulary is as large as was asked for. */
export function workOf(
  settings: PretrainSettings,
  vocabSize: number = settings.vocabulary,
): Omit<PretrainPlan, "kind" | "textTokens"> {
  const { steps, batchSize, length, layers, width } = settings;
  const { shapes } = transformer(configFor(settings, vocabSize, length));
  const parameters = Object.values(shapes).reduce((sum, shape) => sum + sizeOf(shape), 0);
  const tokens = steps * batchSize * length;
  const operations = operationsOf({
    ...{ parameters, trainable: parameters, config: { layers, width }, length },
    ...{ trained: tokens, seen: 0 },
  });
  return { parameters, vocabSize, tokens, steps, operations };
}

/** @throws DataError before anything is trained for a folder that could not be written */
export async function expectPlace(out: string, overwrite: boolean): Promise<void> {
  const names = (await namesIfThere(out, "a new folder")) ?? [];
  if (names.length === 0 || overwrite) return;
  throw new DataError(
    `${out}: expected a new folder, got one that holds ${names.includes(RECORD) ? "a finished base" : names.slice(0, 3).join(", ")}; give another, or --overwrite`,
  );
}

/**
 * Where no text is kept yet, nothing has begun: whatever was refused there is of no account.
 * @throws DataError for an unfinished training that is another one
 */
async function expectSame(folder: string, settings: object): Promise<void> {
  const path = join(folder, SETTINGS);
  const kept = await readIfThere(path);
  const names = await readdir(folder).catch((): string[] => []);
  if (!kept || !names.some((name) => name.startsWith(TEXT)))
    return writeWhole(path, jsonText(settings));
  const there = readJson(new TextDecoder().decode(kept), path);
  if (canonicalJson(there) === canonicalJson(settings)) return;
  const [differs = "settings"] =
    Object.entries(settings).find(
      ([name, value]) => !isRecord(there) || canonicalJson(there[name]) !== canonicalJson(value),
    ) ?? [];
  throw new DataError(
    `${path}: expected the ${differs} that training began with, got another; remove ${folder}, or give another --out`,
  );
}
