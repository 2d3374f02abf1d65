import { createEngine } from "../engines/create.ts";
import { adamw } from "../optim/adamw.ts";
import { chain } from "../optim/chain.ts";
import { clipByGlobalNorm } from "../optim/clip.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import * as schedules from "../optim/schedules.ts";
import { tensor } from "../tensor/apply.ts";
import { broadcastTo } from "../tensor/ops.ts";
import type { FineTunePlan } from "./options.ts";

const decays = {
  linear: schedules.warmupLinear,
  cosine: schedules.warmupCosine,
  constant: schedules.warmupConstant,
} as const;

/** Clipping, then AdamW on one schedule over the whole run. */
export function optimizerOf(plan: FineTunePlan): Optimizer {
  const update = adamw({ ...plan, learningRate: scheduleOf(plan) }) as unknown as Optimizer;
  return plan.clip === Infinity ? update : chain(clipByGlobalNorm(plan.clip), update);
}

/** The learning rate of every step, in order. */
export async function learningRates(plan: FineTunePlan): Promise<readonly number[]> {
  await using engine = await createEngine({ backend: "reference" });
  const steps = tensor(Array.from({ length: plan.steps }, (_, i) => i));
  // Schedules are made of elementwise operations: one call serves all steps.
  const rates = await engine.run(() => broadcastTo(scheduleOf(plan)(steps), steps.shape));
  return Array.from(rates.data);
}

const scheduleOf = ({ decay, learningRate, steps, warmup }: FineTunePlan): schedules.Schedule =>
  decays[decay]({ learningRate, steps, warmup });
