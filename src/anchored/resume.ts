import type { Engine } from "../engines/engine.ts";
import type { Params } from "../nn/config.ts";
import type { TensorTree } from "../optim/optimizer.ts";
import { sameShape } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { entries } from "../tensor/tree.ts";
import type { Checkpoint, TrainingState } from "../train/trainSteps.ts";
import type { Certified } from "./certificates/certifier.ts";
import type { Plan } from "./plan.ts";

/** A copy on the host from which the same run goes on to the same bits. */
export interface FineTuneCheckpoint extends Checkpoint {
  /** Outer step, from 0. */
  readonly outer: number;
  /** The student at the start of the outer step; absent in the first one, which starts at the base,
   * and for methods without a frozen anchor. */
  readonly snapshot?: Params;
  /** What the certificates of the outer steps before have added up. */
  readonly certified?: Certified;
}

/** @throws RangeError for a step that is not in the plan; TypeError for another model's parameters, or the
 * state of another optimizer */
export function checkResume(
  { schedule: { stepsPerOuter, outer: count }, base, optimizer }: Plan,
  { step, outer, params, snapshot, state }: FineTuneCheckpoint,
): void {
  if (!(Number.isInteger(outer) && outer >= 0 && outer < count))
    throw new RangeError(`fineTune resume: expected an outer step below ${count}, got ${outer}`);
  const [from, to] = [outer, outer + 1].map((n) => n * stepsPerOuter);
  if (!(Number.isInteger(step) && step >= (from ?? 0) && step <= (to ?? 0)))
    throw new RangeError(
      `fineTune resume: expected a step from ${from} to ${to} in outer step ${outer}, got ${step}`,
    );
  for (const given of snapshot ? [params, snapshot] : [params]) expectAlike(base, given);
  if (shapesOf(state) !== shapesOf(optimizer.init(base)))
    throw new TypeError(
      "fineTune resume: expected the state of an optimizer as this run's, got another's",
    );
}

/** A tree's paths and its tensors' shapes, as one text. */
const shapesOf = (tree: TensorTree): string =>
  JSON.stringify(entries<Tensor>(tree).map(([path, x]) => [path, x?.shape]));

function expectAlike(base: Params, given: Params): void {
  const names = new Set([...Object.keys(base), ...Object.keys(given)]);
  for (const name of names) {
    const [wanted, got] = [base[name], given[name]].map((x) => x?.shape);
    if (wanted && got && sameShape(wanted, got)) continue;
    const shown = (shape = got): string => (shape ? `[${shape.join(", ")}]` : "none");
    throw new TypeError(
      `fineTune resume: expected ${name} of ${shown(wanted)} as in the base, got ${shown()}`,
    );
  }
}

/** Copies to the device of what training goes on from. */
export const resumed = (
  engine: Engine,
  { step, params, state }: FineTuneCheckpoint,
): TrainingState => ({ step, params: engine.clone(params), state: engine.clone(state) });
