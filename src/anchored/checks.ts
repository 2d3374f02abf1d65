import { inFloat32, isFloat32 } from "../tensor/options.ts";
import { shown } from "../text/jsonl.ts";
import { methodsOwn } from "./objectives/kinds.ts";
import { tempered } from "./objectives/losses.ts";
import type { Objective } from "./objectives/objective.ts";
import { type Decay, defaults, type FineTuneOptions } from "./options.ts";

const DECAYS: readonly Decay[] = ["linear", "cosine", "constant"];

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/**
 * Whether what must be given is there and of its kind, before it is looked into.
 * @throws TypeError naming the first that is not
 */
export function expectGiven({ model, base, data }: Partial<FineTuneOptions>): void {
  if (!isObject(model) || !isObject(model.config))
    throw new TypeError(`fineTune: expected a model, such as transformer(config), got ${model}`);
  if (!isObject(base))
    throw new TypeError(`fineTune: expected the parameters to start from as base, got ${base}`);
  if (!Array.isArray(data))
    throw new TypeError(`fineTune: expected a list of examples as data, got ${data}`);
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

/** Optimizers and schedules count in float32, where one more than that is the same again. */
const MOST_STEPS = 2 ** 24;

/** @throws RangeError for more steps of a run than are counted one by one */
export function expectSteps(steps: number): void {
  if (steps > MOST_STEPS)
    throw new RangeError(
      `fineTune: expected at most ${MOST_STEPS} steps, which float32 counts one by one, got ${steps}`,
    );
}
