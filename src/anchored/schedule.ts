import { createEngine } from "../engines/create.ts";
import { adamw } from "../optim/adamw.ts";
import { chain } from "../optim/chain.ts";
import { clipByGlobalNorm } from "../optim/clip.ts";
import { mofo } from "../optim/mofo.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { rounded } from "../optim/rounded.ts";
import * as schedules from "../optim/schedules.ts";
import { tensor } from "../tensor/apply.ts";
import { broadcastTo } from "../tensor/ops.ts";
import type { FilledOptions, FineTuneOptions } from "./options.ts";

const decays = {
  linear: schedules.warmupLinear,
  cosine: schedules.warmupCosine,
  constant: schedules.warmupConstant,
} as const;

/** Options that say something about a rate, or about AdamW: another schedule or optimizer leaves
 * them nothing to say. */
const OF_RATE = ["learningRate", "warmup", "decay"] as const;
const OF_ADAMW = ["b1", "b2", "epsilon", "weightDecay", "decays", "updateShare"] as const;

/** @throws RangeError where two options say what the other says too */
export function checkOptimizer(options: FineTuneOptions): void {
  const { optimizer, schedule } = options;
  const refuse = (by: string, names: readonly (keyof FineTuneOptions)[]): void => {
    const both = names.find((name) => options[name] !== undefined);
    if (both !== undefined)
      throw new RangeError(`fineTune: expected either ${by} or ${both}, got both`);
  };
  if (options.weights !== undefined && !["f32", "bf16"].includes(options.weights))
    throw new RangeError(`fineTune: expected weights of f32 or bf16, got ${options.weights}`);
  if (optimizer) refuse("optimizer", ["schedule", ...OF_RATE, ...OF_ADAMW]);
  if (schedule) refuse("schedule", OF_RATE);
  if (!optimizer && !schedule && options.learningRate === undefined)
    throw new RangeError("fineTune: expected a learningRate, a schedule or an optimizer, got none");
}

/** The learning rate over a run of so many steps; undefined where the optimizer knows it alone. */
export function scheduleOf(options: FilledOptions, steps: number): schedules.Schedule | undefined {
  const { schedule, learningRate, warmup, decay } = options;
  if (schedule || learningRate === undefined) return schedule;
  return decays[decay]({ learningRate, steps, warmup });
}

/** Clipping, then the optimizer: AdamW on one schedule over the whole run, or the caller's. */
export function optimizerOf(
  options: FilledOptions,
  rate: schedules.Schedule | undefined,
): Optimizer {
  const { clip, b1, b2, epsilon, weightDecay, decays: which } = options;
  const setting = { b1, b2, epsilon, weightDecay, ...(which && { decays: which }) };
  const update =
    options.optimizer ?? mofo(adamw({ ...setting, learningRate: rate ?? 0 }), options.updateShare);
  const clipped = clip === Infinity ? update : chain(clipByGlobalNorm(clip), update);
  return options.weights === "bf16" ? rounded(clipped, "bf16") : clipped;
}

/** The learning rate of every step, in order. */
export async function learningRates(
  rate: schedules.Schedule,
  count: number,
): Promise<readonly number[]> {
  await using engine = await createEngine({ backend: "reference" });
  const steps = tensor(Array.from({ length: count }, (_, i) => i));
  // Schedules are made of elementwise operations: one call serves all steps.
  const rates = await engine.run(() => broadcastTo(rate(steps), steps.shape));
  return Array.from(rates.data);
}
