import { expectOptimizer } from "../optim/settings.ts";
import { expectFlags, inFloat32, isFloat32, MOST_COUNTED } from "../tensor/options.ts";
import { shown } from "../text/jsonl.ts";
import { checkWeight } from "./objectives/interpolations.ts";
import { methodsOwn } from "./objectives/kinds.ts";
import { tempered } from "./objectives/losses.ts";
import type { Objective } from "./objectives/objective.ts";
import { type Decay, defaults, type FilledOptions, type FineTuneOptions } from "./options.ts";
import type { LanguageModel } from "./targets/languageModel.ts";

const DECAYS: readonly Decay[] = ["linear", "cosine", "constant"];

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/**
 * Whether what must be given is there and of its kind, before it is looked into.
 * @throws TypeError naming the first that is not
 */
export function expectGiven({ model, base, data, key }: Partial<FineTuneOptions>): void {
  if (!isObject(model) || !isObject(model.config))
    throw new TypeError(`fineTune: expected a model, such as transformer(config), got ${model}`);
  if (!isObject(base))
    throw new TypeError(`fineTune: expected the parameters to start from as base, got ${base}`);
  if (!Array.isArray(data))
    throw new TypeError(`fineTune: expected a list of examples as data, got ${data}`);
  if (!Array.isArray(key))
    throw new TypeError(`fineTune: expected a key, such as random.key(0), got ${key}`);
}

/**
 * Whether a loss's settings do something: no number is infinite or 0 in float32 alone, and none is given to
 * a method that does not heed it, other than what it would be anyway.
 * @throws RangeError
 */
export function expectSettings(
  method: string,
  { needs, knows }: Objective,
  options: FineTuneOptions,
): void {
  const { temperature = 1, beta = 0, decay = "linear" } = options;
  tempered("fineTune", temperature);
  if (!(beta >= 0 && isFloat32(beta)))
    throw new RangeError(`fineTune: expected beta ≥ 0, got ${inFloat32(beta)}`);
  if (!DECAYS.includes(decay))
    throw new RangeError(`fineTune: expected a decay of ${DECAYS.join(", ")}, got ${decay}`);
  const heeded: readonly string[] = [...needs, ...knows];
  for (const name of methodsOwn) {
    const value = options[name];
    const isUsual = name in defaults && defaults[name as keyof typeof defaults] === value;
    if (value === undefined || isUsual || heeded.includes(name)) continue;
    throw new RangeError(
      `fineTune: expected no ${name} with the method ${method}, which does not heed it, got ${shown(value)}`,
    );
  }
}

/** @throws RangeError for more steps of a run than are counted one by one */
export function expectSteps(steps: number): void {
  if (steps > MOST_COUNTED)
    throw new RangeError(
      `fineTune: expected at most ${MOST_COUNTED} steps, which float32 counts one by one, got ${steps}`,
    );
}

/** What shapes the weights of tokens, and steps. @throws RangeError */
export function checkNumbers(given: FilledOptions): void {
  const { power, threshold, topK, clipRatio, tau = 1, period, lambda, restart, sam } = given;
  const { samplingTemperature: heat = 1 } = given;
  checkWeight("fineTune", lambda, "lambda");
  if (restart !== "never" && restart !== "outer")
    throw new RangeError(`fineTune: expected restart to be never or outer, got ${restart}`);
  if (!(heat >= 0 && Number.isFinite(heat)))
    throw new RangeError(`fineTune: expected samplingTemperature ≥ 0, got ${heat}`);
  checkWeight("fineTune", threshold, "threshold");
  checkCount("topK", topK, 2);
  checkCount("period", period, 1);
  for (const [name, value] of Object.entries({ power, clipRatio, sam }))
    if (!(value >= 0 && isFloat32(value)))
      throw new RangeError(`fineTune: expected ${name} ≥ 0, got ${inFloat32(value)}`);
  if (!(tau > 0 && isFloat32(tau)))
    throw new RangeError(`fineTune: expected tau > 0, got ${inFloat32(tau)}`);
}

/** What is no number. @throws TypeError, RangeError */
export function checkKinds(given: FilledOptions): void {
  const { dropLast, packing, temperatureSquared, optimizer, schedule, stopToken, model } = given;
  expectFlags("fineTune", { dropLast, packing, temperatureSquared });
  if (optimizer !== undefined) expectOptimizer("fineTune", optimizer);
  if (schedule !== undefined && typeof schedule !== "function")
    throw new TypeError(
      `fineTune: expected schedule to be a function of the step, got ${schedule}`,
    );
  if (stopToken !== undefined) expectStops("fineTune: expected a stopToken", [stopToken], model);
}

/** @throws RangeError for what is no token of the model */
export function expectStops(
  expected: string,
  tokens: readonly number[],
  { config: { vocabSize } }: LanguageModel,
): void {
  const odd = tokens.find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabSize));
  if (odd !== undefined) throw new RangeError(`${expected} in 0 … ${vocabSize - 1}, got ${odd}`);
}

/** What is counted. @throws RangeError */
export function checkCounts(given: FilledOptions, outer: number): void {
  checkCount("outer", outer, 1);
  checkCount("inner", given.inner, 1);
  if (given.maxSteps !== undefined) checkCount("maxSteps", given.maxSteps, 1);
  checkCount("readEvery", given.readEvery, 1);
  checkCount("probeEvery", given.probeEvery, 0);
  if (given.certified !== Infinity) checkCount("certified", given.certified, 0);
  const { checkpointEvery: every } = given;
  if (typeof every === "number" && every !== Infinity) checkCount("checkpointEvery", every, 1);
  checkCount("sequences", given.sequences, 0);
  if (given.microBatchSize !== Infinity) checkCount("microBatchSize", given.microBatchSize, 1);
}

function checkCount(name: string, value: number, least: number): void {
  if (!(Number.isInteger(value) && value >= least))
    throw new RangeError(`fineTune: expected ${name} to be an integer ≥ ${least}, got ${value}`);
}
