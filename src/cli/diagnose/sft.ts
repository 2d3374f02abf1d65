import { existsSync } from "node:fs";
import { join } from "node:path";
import { fineTune } from "../../anchored/fineTune.ts";
import type { Engine } from "../../engines/engine.ts";
import type { Speaker } from "../../finetune/diagnose.ts";
import type { WeightsDtype } from "../../finetune/keptAs.ts";
import { type LoadedModel, loadModel, withAdapterAt } from "../../finetune/load.ts";
import { RANK, RATES } from "../../finetune/recipe.ts";
import { lora } from "../../nn/lora.ts";
import { DataError } from "../../tensor/errors.ts";
import { fold, key } from "../../tensor/random.ts";
import type { Example } from "../../train/examples.ts";
import type { Terminal } from "../terminal/command.ts";
import type { CheckpointValues } from "./checkpoint.ts";

/** Whether a folder holds an adapter as PEFT writes it. */
export const isAdapterAt = (path: string): boolean => existsSync(join(path, "adapter_config.json"));

/** p_sft from its files: an adapter over the base, or a model of its own. */
export async function loadSft(
  path: string,
  base: LoadedModel,
  engine: Engine,
  dtype: WeightsDtype,
): Promise<Speaker> {
  if (isAdapterAt(path)) return withAdapterAt(base, path, engine);
  const loaded = await loadModel(path, { engine, dtype });
  const [own, other] = [base.base.config.vocabSize, loaded.model.config.vocabSize];
  if (own !== other)
    throw new DataError(`${path}: expected a vocabulary of ${own} as the base's, got ${other}`);
  return { model: loaded.model, params: loaded.params };
}

/** Epochs of an SFT that is trained to be looked at. */
export const EPOCHS = 2;

export const rateOf = ({
  learningRate,
  full,
}: Pick<CheckpointValues, "learningRate" | "full">): number =>
  learningRate ?? RATES[full ? "full" : "adapter"];

/** A short SFT on the data: an adapter over the base, or all of its parameters.
 * @param share of the learning rate
 * @returns undefined where it was interrupted */
export async function trainSft(
  engine: Engine,
  { base, mine }: { readonly base: LoadedModel; readonly mine: readonly Example[] },
  values: CheckpointValues,
  share: number,
  { err, signal }: Terminal,
): Promise<Speaker | undefined> {
  const { lora: rank = RANK, full, epochs = EPOCHS, batch = 4, seed = 0 } = values;
  const random = key(seed);
  const adapter = lora({ rank });
  const model = full ? base.base : adapter.over(base.base, base.params);
  const start = full ? base.params : adapter.init(fold(random, 1), base.base, base.params);
  const options = {
    ...{ model, base: start, method: "sft" as const, data: mine, epochs },
    ...{ batchSize: Math.min(batch, mine.length), key: fold(random, 2), dropLast: false },
    learningRate: rateOf(values) * share,
  };
  const name = share === 1 ? "sft" : `sft at ${share.toPrecision(1)} of the rate`;
  for await (const m of fineTune(engine, options)) {
    if (signal.aborted) return undefined;
    if (m.kind === "step" && (m.step % 10 === 0 || m.step === m.steps))
      err.write(`${name} ${m.step}/${m.steps}  loss ${m.loss.toFixed(4)}\n`);
    if (m.kind === "end") return { model, params: m.params };
  }
  return undefined;
}
