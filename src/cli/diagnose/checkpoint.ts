import { resolve } from "node:path";
import { ownTexts } from "../../anchored/selfData.ts";
import { BACKENDS, type Backend, createEngine } from "../../engines/create.ts";
import type { Engine } from "../../engines/engine.ts";
import { type CheckpointDiagnosis, diagnose, type Speaker } from "../../finetune/diagnose.ts";
import { type Features, featuresOf } from "../../finetune/diagnosis/features.ts";
import { type Advice, recommend } from "../../finetune/diagnosis/recommend.ts";
import { usualDtype, type WeightsDtype } from "../../finetune/keptAs.ts";
import { type LoadedModel, loadModel } from "../../finetune/load.ts";
import { startOf } from "../../finetune/reader.ts";
import { RANK, RATES } from "../../finetune/recipe.ts";
import { visible } from "../../report/escape.ts";
import { DataError } from "../../tensor/errors.ts";
import { fold, key } from "../../tensor/random.ts";
import { encodeRows } from "../../text/examples.ts";
import { rowsOf } from "../../text/rows.ts";
import type { Example } from "../../train/examples.ts";
import { placeOf, weightsKnobs } from "../model/open.ts";
import type { Terminal } from "../terminal/command.ts";
import { flag, type Knob, oneOf, share, text, whole } from "../terminal/knobs.ts";
import { UsageError } from "../terminal/usage.ts";
import { renderCheckpoint } from "./checkpointText.ts";
import { commandLine } from "./commandLine.ts";
import { EPOCHS, isAdapterAt, loadSft, rateOf, trainSft } from "./sft.ts";
import { whyOf } from "./why.ts";

const positive = (value: string, about: string): Knob<number> => ({
  value,
  about,
  expected: "a positive number",
  read: (given) => {
    const number = Number(given);
    return /^\d*\.?\d+(e-?\d+)?$/i.test(given) && number > 0 ? number : undefined;
  },
});

/** What may be asked of a checkpoint. */
export interface Asked {
  readonly model: string;
  readonly data: string;
  readonly retain: string;
  readonly sft: string;
  readonly lora: number;
  readonly full: true;
  readonly epochs: number;
  readonly learningRate: number;
  readonly gentler: number;
  readonly batch: number;
  readonly maxLength: number;
  readonly adopt: number;
  readonly unwanted: number;
  readonly risk: number;
  readonly tokens: number;
  readonly dtype: WeightsDtype;
  readonly backend: Backend;
}

export const checkpointKnobs: { readonly [N in keyof Asked]: Knob<Asked[N]> } = {
  model: text("<model>", "a folder, a .gguf file, or org/name of the Hub"),
  data: text("<file>", "rows to learn: JSONL, JSON, CSV or Parquet"),
  retain: text(
    "<file>",
    "rows to keep, which are only looked at\n(default: texts that the model writes itself)",
  ),
  sft: text(
    "<folder>",
    "p_sft: an adapter of the model, or another model, that has not\nseen --data (default: a short SFT is trained on four fifths of it)",
  ),
  lora: whole(`rank of the adapter that SFT trains (default: ${RANK})`, 1, 4096),
  full: flag("SFT trains all parameters instead"),
  epochs: whole("of that SFT (default: 2)", 1, 1000),
  learningRate: positive(
    "<η>",
    `learning rate of that SFT (default: ${RATES.adapter.toExponential(0)} for an adapter,\n${RATES.full.toExponential(0)} with --full)`,
  ),
  gentler: whole(
    "smaller rates, a third and a ninth, at which SFT is tried too\n(default: 2)",
    0,
    2,
  ),
  batch: whole("examples in a step, and in a forward pass (default: 4)", 1, 4096),
  maxLength: whole("most tokens of an example (default: the model's, at most 512)", 2, 2 ** 20),
  adopt: share("how much of what is wanted a weight shall take over\n(default: 0.95)"),
  unwanted: share(
    "of the rare tokens that SFT learns, such as a template, how many\nare not wanted (default: 0)",
  ),
  risk: share("share of retained answers that may be lost (default: 0.05)"),
  tokens: whole("answer tokens that are looked at, of each file (default: 4000)", 1, 2 ** 31 - 1),
  ...weightsKnobs,
  backend: oneOf("where to compute (default: auto)", BACKENDS, "<name>"),
};

export type CheckpointValues = Partial<Asked> & {
  readonly model: string;
  readonly seed?: number;
  readonly json?: true;
};

/** Diagnoses a checkpoint and prints what was found. @returns whether it came to its end */
export async function diagnoseCheckpoint(
  values: CheckpointValues,
  terminal: Terminal,
): Promise<boolean> {
  const { out, err, folder } = terminal;
  const { data, retain, adopt, unwanted } = values;
  if (data === undefined) throw new UsageError("diagnose: expected --data with --model, got none");
  if (values.full && values.lora !== undefined)
    throw new UsageError("diagnose: expected --lora or --full, got both");
  for (const name of ["adopt", "risk"] as const)
    if (values[name] === 0) throw new UsageError(`--${name}: expected a number above 0, got 0`);
  if (values.risk === 1) throw new UsageError("--risk: expected a number below 1, got 1");
  const path = await placeOf(values.model, terminal);
  const given = values.sft === undefined ? undefined : await placeOf(values.sft, terminal);
  if (path === undefined || (values.sft !== undefined && given === undefined)) return false;
  await using engine = await createEngine({ backend: values.backend ?? "auto" });
  // What SFT trains is float32.
  const dtype = values.full && given === undefined ? "f32" : (values.dtype ?? usualDtype(engine));
  const base = await loadModel(path, { engine, dtype });
  for (const warning of base.warnings) err.write(`${visible(warning)}\n`);
  const rows = async (file: string): Promise<readonly Example[]> =>
    examplesOf(resolve(folder, file), base, values, terminal);
  const mine =
    given === undefined ? parted(await rows(data)) : { seen: [], kept: await rows(data) };
  const prior = retain === undefined ? await textsOf(engine, base, values) : await rows(retain);
  const own: Speaker = { model: base.base, params: base.params };
  const look = (sft: Speaker): Promise<CheckpointDiagnosis> =>
    diagnose(engine, {
      ...{ base: own, sft, data: mine.kept, retain: prior, batchSize: values.batch ?? 4 },
      ...(values.tokens !== undefined && { mostTokens: values.tokens }),
    });
  const train = (rate: number): Promise<Speaker | undefined> =>
    trainSft(engine, { base, mine: mine.seen }, values, rate, terminal);
  const sft = given === undefined ? await train(1) : await loadSft(given, base, engine, dtype);
  if (!sft) return false;
  const found = await look(sft);
  const gentler: { readonly rate: number; readonly diagnosis: CheckpointDiagnosis }[] = [];
  const advised = (): { readonly features: Features; readonly advice: Advice } => {
    const features = featuresOf(found, {
      ...{ retained: retain === undefined ? "texts" : "rows", gentler },
      ...(adopt !== undefined && { adopt }),
      ...(unwanted !== undefined && { unwanted }),
      ...(values.risk !== undefined && { risk: { risk: values.risk } }),
    });
    return { features, advice: recommend(features, { epochs: epochsOf(values, given) }) };
  };
  for (const rate of given === undefined ? GENTLER.slice(0, values.gentler ?? 2) : []) {
    if (advised().advice.family === "sft") break; // It has come to a rate that does no harm.
    const gentle = await train(rate);
    if (!gentle) return false;
    gentler.push({ rate, diagnosis: await look(gentle) });
  }
  const { features, advice } = advised();
  const command = commandOf(advice, values, given);
  const why = whyOf(features, advice);
  if (values.json) {
    const about = { model: values.model, ...(given !== undefined && { sft: values.sft }) };
    out.write(
      `${JSON.stringify({ ...about, features, advice: { ...advice, command, why } }, null, 2)}\n`,
    );
    return true;
  }
  out.write(`anchorgrad: ${base.folder} against ${given ?? "an SFT of its own"}\n\n`);
  out.write(`${renderCheckpoint(found, { features, why, command })}\n`);
  return true;
}

/** Shares of the rate at which SFT is tried too, one after the other. */
const GENTLER: readonly number[] = [1 / 3, 1 / 9];

/** One row in five is kept from SFT, to see what it has learnt and not what it has by heart. */
const FIFTH = 5;

interface Parted {
  readonly seen: readonly Example[];
  /** What is looked at: all, where there are too few to keep any. */
  readonly kept: readonly Example[];
}

function parted(examples: readonly Example[]): Parted {
  if (examples.length < 2 * FIFTH) return { seen: examples, kept: examples };
  const isKept = (i: number): boolean => i % FIFTH === FIFTH - 1;
  return {
    seen: examples.filter((_, i) => !isKept(i)),
    kept: examples.filter((_, i) => isKept(i)),
  };
}

/** As many tokens as are looked at, in short texts that say different things. */
const TEXTS = { count: 128, maxNewTokens: 31 } as const;

/** What the model writes from nothing, where no rows say what is to be kept. */
function textsOf(
  engine: Engine,
  base: LoadedModel,
  { seed = 0 }: CheckpointValues,
): Promise<readonly Example[]> {
  const [stopToken] = base.stopTokens;
  const { maxNewTokens, count } = TEXTS;
  return ownTexts(engine, {
    ...{ model: base.base, params: base.params, key: fold(key(seed), 3) },
    ...{ start: [startOf(base)], count },
    maxNewTokens: Math.min(maxNewTokens, base.base.config.contextLength - 1),
    ...(stopToken !== undefined && { stopToken }),
  });
}

/** Of the SFT that was looked at; `finetune`'s own where that is not known. */
const epochsOf = ({ epochs }: CheckpointValues, given: string | undefined): number =>
  epochs ?? (given === undefined ? EPOCHS : 3);

/** What does as advised, on the same rows and with the same adapter. */
function commandOf(
  { settings, rate }: Advice,
  values: CheckpointValues,
  given: string | undefined,
): string {
  const { model, data, retain, lora: rank, batch, maxLength, seed, dtype, backend } = values;
  const full = values.full ?? (given !== undefined && !isAdapterAt(given) ? true : undefined);
  return commandLine("npx anchorgrad finetune", {
    ...{ model, data, retain, ...settings },
    learningRate: Number((rateOf({ ...values, ...(full && { full }) }) * rate).toPrecision(2)),
    ...("inner" in settings ? {} : { epochs: epochsOf(values, given) }),
    ...{ full, lora: rank, batch, maxLength, seed, dtype, backend },
  });
}

/** Without more, as long as a terminal's user waits for. */
const LENGTH = 512;

async function examplesOf(
  file: string,
  { tokenizer, chat, base, stopTokens }: LoadedModel,
  { maxLength }: CheckpointValues,
  { err }: Terminal,
): Promise<readonly Example[]> {
  if (!tokenizer)
    throw new DataError(`${file}: expected a model with a tokenizer.json to read it, got none`);
  const { contextLength } = base.config;
  // A sequence of one token more has as many positions that predict something.
  const most = Math.min(maxLength ?? LENGTH, contextLength + 1);
  const encoded = await encodeRows(rowsOf(file), { tokenizer, chat, stopTokens, maxLength: most });
  for (const note of encoded.notes) err.write(`${file}: ${note}\n`);
  if (encoded.left.length > 0)
    err.write(
      `${file}: ${encoded.left.length} rows left out, first ${encoded.left[0]?.place}: ${encoded.left[0]?.reason}\n`,
    );
  return encoded.examples;
}
