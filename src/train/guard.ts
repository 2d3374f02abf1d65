/**
 * Training never ends in silence: every step watches its loss, its gradients and its rate, on the
 * device, and from the first on that is not finite no step changes anything any more. So the last
 * good parameters are there when the host hears of it, however late it reads.
 */
import type { Params } from "../nn/config.ts";
import { gradientNorms, isFinite32, LARGEST } from "../optim/clip.ts";
import {
  applyUpdates,
  mapTensors,
  type Optimizer,
  spread,
  type TensorTree,
} from "../optim/optimizer.ts";
import { full } from "../tensor/apply.ts";
import { concat, mul, reshape, select, slice } from "../tensor/ops.ts";
import { sizeOf } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { entries, flatten } from "../tensor/tree.ts";
import type { TrainingState } from "./trainSteps.ts";

/** What a training step makes. */
export type Stepped = readonly [
  params: Params,
  state: TensorTree,
  /** Scalar: 1 while all is well; the next step is given it. */
  sound: Tensor,
  /** [4 + leaves], for `heard`. */
  report: Tensor,
];

/**
 * One update, unless this step's loss, gradient or learning rate, or one of an earlier step, is not
 * finite.
 * @param sound the last step's, 1 at first
 */
export function guardedUpdate(
  optimizer: Optimizer,
  [params, state]: readonly [params: Params, state: TensorTree],
  [loss, grads]: readonly [loss: Tensor, grads: Params],
  sound: Tensor,
): Stepped {
  const [updates, next] = optimizer.update(grads, state, params);
  const { norm, distantSum, distantSquares } = gradientNorms(grads);
  const applied = (optimizer.apply ?? applyUpdates)(params, updates);
  const probe = anyOf(applied);
  const still = [loss, distantSum, probe].map(isFinite32).reduce<Tensor>(mul, sound);
  const stills = spread(still);
  const kept = <T>(after: T, before: T): T =>
    mapTensors(
      (y, x) => (y && x?.dtype === "float" ? select(stills(y.shape), y, x) : y),
      after,
      before,
    );
  const report = concat([loss, still, norm, probe, ...distantSquares].map((x) => reshape(x, [1])));
  return [kept(applied, params), kept(next, state), still, report];
}

/** One number of the next parameters: a learning rate that is none, or infinite, shows in each. */
function anyOf(params: Params): Tensor {
  const some = flatten<Tensor>(params).leaves.find((x) => sizeOf(x.shape) > 0);
  if (!some) return full([], 0);
  const [none, ones] = [0, 1].map((n) => some.shape.map(() => n));
  return reshape(slice(some, none ?? [], ones ?? []), []);
}

/** A step's report on the host. */
export interface Heard {
  readonly loss: number;
  readonly gradientNorm: number;
  /** What is not finite, in words: the loss, the learning rate, or the first gradient by its
   * parameter's name. */
  readonly fault?: string;
  /** The parameter's name. */
  readonly tensor?: string;
}

/** As `isFinite32`: the reference engine, too, is stopped where float32 would not go on. */
const isHeld = (x: number): boolean => Math.abs(x) < LARGEST;

/** Reads a report. @param params any tree with the parameters' names */
export function heard(report: ArrayLike<number>, params: Params): Heard {
  const [loss = NaN, sound, gradientNorm = NaN, next = NaN, ...squares] = Array.from(report);
  if (sound === 1) return { loss, gradientNorm };
  if (!isHeld(loss)) return { loss, gradientNorm, fault: `expected a finite loss, got ${loss}` };
  if (!isHeld(next) && squares.every(isHeld)) {
    const rate = Number.isFinite(next) ? "updates that float32 holds" : "a finite learning rate";
    return { loss, gradientNorm, fault: `expected ${rate}, got updates to ${next}` };
  }
  const names = entries<Tensor>(params).map(([name]) => name);
  const leaf = squares.findIndex((x) => !isHeld(x));
  const tensor = names[leaf] ?? "all parameters together";
  const got = squares[leaf] ?? gradientNorm;
  const fault = `expected a finite gradient of ${tensor}, got ${got}`;
  return { loss, gradientNorm, fault, tensor };
}

/**
 * A training step that could not be done, or whose loss, gradient or learning rate is not finite.
 * @example
 * try { for await (const m of trainSteps(engine, options)) … }
 * catch (error) { if (error instanceof TrainingError) save(await engine.read(error.last.params)); }
 */
export class TrainingError extends RangeError {
  override readonly name = "TrainingError";
  /** The step at fault, from 1. */
  readonly step: number;
  /** The parameter whose gradient is not finite, where it is not the loss. */
  readonly tensor: string | undefined;
  /** Where training stood before that step: resident tensors, the receiver's, from which it can go
   * on with other batches. */
  readonly last: TrainingState;

  constructor(
    message: string,
    { last, tensor, cause }: { last: TrainingState; tensor?: string | undefined; cause?: unknown },
  ) {
    super(message, cause === undefined ? {} : { cause });
    this.last = last;
    this.step = last.step + 1;
    this.tensor = tensor;
  }
}
