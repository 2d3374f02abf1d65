import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fineTune } from "../../anchored/fineTune.ts";
import { BACKENDS, type Backend, createEngine } from "../../engines/create.ts";
import type { Engine } from "../../engines/engine.ts";
import { diagnose, type Speaker } from "../../finetune/diagnose.ts";
import { usualDtype, type WeightsDtype } from "../../finetune/keptAs.ts";
import { type LoadedModel, loadModel, withAdapterAt } from "../../finetune/load.ts";
import { RANK, RATES } from "../../finetune/recipe.ts";
import { lora } from "../../nn/lora.ts";
import { DataError } from "../../tensor/errors.ts";
import { fold, key } from "../../tensor/random.ts";
import { encodeRows } from "../../text/examples.ts";
import { rowsOf } from "../../text/rows.ts";
import type { Example } from "../../train/batches.ts";
import { placeOf, weightsKnobs } from "../model/open.ts";
import type { Terminal } from "../terminal/command.ts";
import { flag, type Knob, oneOf, share, text, whole } from "../terminal/knobs.ts";
import { UsageError } from "../terminal/usage.ts";
import { renderCheckpoint } from "./checkpointText.ts";

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
  readonly rate: number;
  readonly batch: number;
  readonly maxLength: number;
  readonly adopt: number;
  readonly tokens: number;
  readonly dtype: WeightsDtype;
  readonly backend: Backend;
}

export const checkpointKnobs: { readonly [N in keyof Asked]: Knob<Asked[N]> } = {
  model: text("<model>", "a folder, a .gguf file, or org/name of the Hub"),
  data: text("<file>", "rows to learn: JSONL, JSON, CSV or Parquet"),
  retain: text("<file>", "rows to keep, which are only looked at"),
  sft: text(
    "<folder>",
    "p_sft: an adapter of the model, or another model\n(default: a short SFT is trained)",
  ),
  lora: whole(`rank of the adapter that SFT trains (default: ${RANK})`, 1, 4096),
  full: flag("SFT trains all parameters instead"),
  epochs: whole("of that SFT (default: 2)", 1, 1000),
  rate: positive(
    "<η>",
    `learning rate of that SFT (default: ${RATES.adapter.toExponential(0)} for an adapter,\n${RATES.full.toExponential(0)} with --full)`,
  ),
  batch: whole("examples in a step, and in a forward pass (default: 4)", 1, 4096),
  maxLength: whole("most tokens of an example (default: the model's, at most 512)", 2, 2 ** 20),
  adopt: share("how much of what is wanted a weight shall take over\n(default: 0.95)"),
  tokens: whole("answer tokens that are looked at, of each file (default: 4000)", 1, 2 ** 31 - 1),
  ...weightsKnobs,
  backend: oneOf("where to compute (default: auto)", BACKENDS, "<name>"),
};

export type CheckpointValues = Partial<Asked> & {
  readonly model: string;
  readonly seed?: number;
};

/** Diagnoses a checkpoint and prints what was found. @returns whether it came to its end */
export async function diagnoseCheckpoint(
  values: CheckpointValues,
  terminal: Terminal,
): Promise<boolean> {
  const { out, err, folder } = terminal;
  const { data, retain } = values;
  if (data === undefined || retain === undefined)
    throw new UsageError("diagnose: expected --data and --retain with --model, got one or none");
  if (values.full && values.lora !== undefined)
    throw new UsageError("diagnose: expected --lora or --full, got both");
  if (values.adopt === 0) throw new UsageError("--adopt: expected a number above 0, got 0");
  const path = await placeOf(values.model, terminal);
  const given = values.sft === undefined ? undefined : await placeOf(values.sft, terminal);
  if (path === undefined || (values.sft !== undefined && given === undefined)) return false;
  await using engine = await createEngine({ backend: values.backend ?? "auto" });
  // What SFT trains is float32.
  const dtype = values.full && given === undefined ? "f32" : (values.dtype ?? usualDtype(engine));
  const base = await loadModel(path, { engine, dtype });
  for (const warning of base.warnings) err.write(`${warning}\n`);
  const rows = async (file: string): Promise<readonly Example[]> =>
    examplesOf(resolve(folder, file), base, values, terminal);
  const [mine, prior] = [await rows(data), await rows(retain)];
  const own: Speaker = { model: base.base, params: base.params };
  const sft =
    given === undefined
      ? await trainSft(engine, { base, mine }, values, terminal)
      : await loadSft(given, base, engine, dtype);
  if (!sft) return false;
  const batchSize = values.batch ?? 4;
  const found = await diagnose(engine, {
    ...{ base: own, sft, data: mine, retain: prior, batchSize },
    ...(values.tokens !== undefined && { mostTokens: values.tokens }),
  });
  out.write(`anchorgrad: ${base.folder} against ${given ?? "an SFT of its own"}\n\n`);
  out.write(`${renderCheckpoint(found, values.adopt)}\n`);
  return true;
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

async function loadSft(
  path: string,
  base: LoadedModel,
  engine: Engine,
  dtype: WeightsDtype,
): Promise<Speaker> {
  const isAdapter = existsSync(join(path, "adapter_config.json"));
  if (isAdapter) return withAdapterAt(base, path, engine);
  const loaded = await loadModel(path, { engine, dtype });
  const [own, other] = [base.base.config.vocabSize, loaded.model.config.vocabSize];
  if (own !== other)
    throw new DataError(`${path}: expected a vocabulary of ${own} as the base's, got ${other}`);
  return { model: loaded.model, params: loaded.params };
}

interface Training {
  /** On the engine. */
  readonly base: LoadedModel;
  readonly mine: readonly Example[];
}

/** A short SFT on the data: an adapter over the base, or all of its parameters; undefined where it
 * was interrupted. */
async function trainSft(
  engine: Engine,
  { base, mine }: Training,
  { lora: rank = RANK, full, epochs = 2, rate, batch = 4, seed = 0 }: CheckpointValues,
  { err, signal }: Terminal,
): Promise<Speaker | undefined> {
  const random = key(seed);
  const adapter = lora({ rank });
  const model = full ? base.base : adapter.over(base.base, base.params);
  const start = full ? base.params : adapter.init(fold(random, 1), base.base, base.params);
  const options = {
    ...{ model, base: start, method: "sft" as const, data: mine, epochs },
    ...{ batchSize: Math.min(batch, mine.length), key: fold(random, 2), dropLast: false },
    learningRate: rate ?? RATES[full ? "full" : "adapter"],
  };
  for await (const m of fineTune(engine, options)) {
    if (signal.aborted) return undefined;
    if (m.kind === "step" && (m.step % 10 === 0 || m.step === m.steps))
      err.write(`sft ${m.step}/${m.steps}  loss ${m.loss.toFixed(4)}\n`);
    if (m.kind === "end") return { model, params: m.params };
  }
  return undefined;
}
