/** Models made of the difference between a fine-tuned model's weights and its base's, on the host. */
import { constant } from "../../tensor/apply.ts";
import { expectKnown } from "../../tensor/options.ts";
import { type Key, stream } from "../../tensor/random.ts";
import { at } from "../../tensor/shapes.ts";
import { isConstant, type Tensor, type TypedArray } from "../../tensor/tensor.ts";
import { checkWeight } from "./interpolations.ts";

type Weights = Readonly<Record<string, Tensor>>;

/** How `tiesMerge` trims differences of weights (arXiv 2306.01708). */
export interface TiesOptions {
  /** What the trimmed difference is multiplied by. */
  readonly weight: number;
  /** Share of all differences that is kept, in [0, 1], the largest; 0.2 by default. */
  readonly keep?: number;
}

/**
 * TIES-Merging of one task: θ_base + weight·Δ, where of Δ = θ_tuned − θ_base only the largest
 * differences are kept, over all parameters together. The vote on signs says nothing of one task.
 * @param base on the host, as is `tuned`
 * @throws RangeError for numbers that cannot be, those of a model that has broken down among them;
 *   TypeError for a tensor that is missing or not on the host
 * @see https://arxiv.org/abs/2306.01708 (Yadav et al., 2023), algorithm 1
 * @example tiesMerge(base, tuned, { weight: 1, keep: 0.2 })
 */
export function tiesMerge<P extends Weights>(base: P, tuned: P, options: TiesOptions): P {
  expectKnown("tiesMerge", options, ["weight", "keep"]);
  const { weight, keep = 0.2 } = options;
  expectFinite("tiesMerge", weight);
  checkWeight("tiesMerge", keep, "keep");
  const sizes = differences("tiesMerge", base, tuned).map(Math.abs).sort();
  const kept = Math.round(keep * sizes.length);
  const least = kept === 0 ? Infinity : at(sizes, sizes.length - kept);
  return merged("tiesMerge", base, tuned, (delta) =>
    Math.abs(delta) >= least ? weight * delta : 0,
  );
}

/** How `dareMerge` drops differences of weights (arXiv 2311.03099). */
export interface DareOptions {
  /** What the difference is multiplied by. */
  readonly weight: number;
  /** Probability that a difference is dropped, in [0, 1); 0.9 by default. */
  readonly drop?: number;
  /** Decides which. */
  readonly key: Key;
}

/**
 * DARE: θ_base + weight·Δ′, where each number of Δ = θ_tuned − θ_base is dropped with a probability
 * and the others are divided by that of staying, so that Δ′ is Δ on average.
 * @param base on the host, as is `tuned`
 * @throws RangeError for numbers that cannot be, those of a model that has broken down among them;
 *   TypeError for a tensor that is missing or not on the host
 * @see https://arxiv.org/abs/2311.03099 (Yu et al., 2023), equations 2 and 3
 * @example dareMerge(base, tuned, { weight: 1, drop: 0.9, key: random.key(0) })
 */
export function dareMerge<P extends Weights>(base: P, tuned: P, options: DareOptions): P {
  expectKnown("dareMerge", options, ["weight", "drop", "key"]);
  const { weight, drop = 0.9, key } = options;
  expectFinite("dareMerge", weight);
  if (!(drop >= 0 && drop < 1))
    throw new RangeError(`dareMerge: expected 0 ≤ drop < 1, got ${drop}`);
  const next = stream(key);
  const scale = weight / (1 - drop);
  return merged("dareMerge", base, tuned, (delta) => (next() < drop ? 0 : scale * delta));
}

function expectFinite(caller: string, weight: number): void {
  if (!Number.isFinite(weight))
    throw new RangeError(`${caller}: expected a finite weight, got ${weight}`);
}

/** Numbers of the tuned model and of the base's tensor of the same name. */
function pairOf(
  caller: string,
  base: Weights,
  tuned: Weights,
  name: string,
): readonly [TypedArray, TypedArray] {
  const [from, to] = [base[name], tuned[name]];
  if (!from || !to) throw new TypeError(`${caller}: expected ${name} in both models, got one`);
  if (!isConstant(from) || !isConstant(to) || from.data.length !== to.data.length)
    throw new TypeError(`${caller}: expected ${name} on the host and of one shape`);
  return [from.data, to.data];
}

function differences(caller: string, base: Weights, tuned: Weights): Float64Array {
  const parts = Object.keys(base).map((name) => pairOf(caller, base, tuned, name));
  const all = new Float64Array(parts.reduce((count, [from]) => count + from.length, 0));
  let place = 0;
  for (const [from, to] of parts)
    for (let i = 0; i < from.length; i++) all[place++] = at(to, i) - at(from, i);
  return all;
}

/** The base and what is made of each difference, in the order of its tensors. */
function merged<P extends Weights>(
  caller: string,
  base: P,
  tuned: P,
  make: (delta: number) => number,
): P {
  const made = Object.entries(base).map(([name, { shape }]): [string, Tensor] => {
    const [from, to] = pairOf(caller, base, tuned, name);
    const data = from instanceof Float64Array ? new Float64Array(from) : Float32Array.from(from);
    for (let i = 0; i < data.length; i++) {
      const delta = at(to, i) - at(from, i);
      // Trimmed or dropped, it would be gone without a word.
      if (!Number.isFinite(delta))
        throw new RangeError(
          `${caller}: expected finite numbers, got ${from[i]} and ${to[i]} at ${name}[${i}]`,
        );
      data[i] = at(from, i) + make(delta);
    }
    return [name, constant(data, shape)];
  });
  return Object.fromEntries(made) as P;
}
