import fc from "fast-check";
import { constant } from "../../src/tensor/apply.ts";
import { sizeOf } from "../../src/tensor/shapes.ts";
import type { Shape, Tensor } from "../../src/tensor/tensor.ts";

/** What the numbers of a case are like. */
export interface Numbers {
  /** Any input. */
  readonly any: fc.Arbitrary<number>;
  /** Divisors, logarithms, roots. */
  readonly positive: fc.Arbitrary<number>;
  /** Log-probabilities. */
  readonly negative: fc.Arbitrary<number>;
  /** Probabilities. */
  readonly share: fc.Arbitrary<number>;
  /** Added to mean squares. */
  readonly epsilon: fc.Arbitrary<number>;
  /** Largest length of an axis. */
  readonly longest: number;
  /** Smallest length of an axis; 1 by default. */
  readonly shortest?: number;
  /** The numbers of which a largest is looked for; different ones by default. */
  readonly compared?: fc.Arbitrary<number>;
}

/** On a grid of 1/4096: exact in float32, and either equal or further apart than a difference step. */
const between = (min: number, max: number): fc.Arbitrary<number> =>
  fc
    .noBias(fc.integer({ min: Math.ceil(min * 4096), max: Math.floor(max * 4096) }))
    .map((i) => i / 4096);

/** Where central differences are accurate. */
export const moderate: Numbers = {
  any: between(-2, 2),
  positive: between(0.3, 2),
  negative: between(-3, -0.01),
  share: between(0, 1),
  epsilon: fc.constantFrom(0.1, 0.5),
  longest: 4,
};

/** Kernels must also be right where functions saturate. */
export const wild: Numbers = {
  any: fc.oneof(
    { arbitrary: between(-3, 3), weight: 6 },
    { arbitrary: fc.constantFrom(0, 1, -1, 100, -100, 1e-4, -20, 20), weight: 1 },
  ),
  positive: fc.oneof(between(1e-3, 3), fc.constantFrom(1e-6, 1, 100)),
  negative: fc.oneof(between(-5, -1e-3), fc.constantFrom(-100, -30)),
  share: fc.oneof(between(0, 1), fc.constantFrom(0, 1)),
  epsilon: fc.constantFrom(1e-5, 1e-2),
  longest: 7,
};

export const filled = (shape: Shape, value: fc.Arbitrary<number>): fc.Arbitrary<Tensor> =>
  fc
    .array(value, { minLength: sizeOf(shape), maxLength: sizeOf(shape) })
    .map((values) => constant(Float64Array.from(values), shape));

export const idsBelow = (shape: Shape, n: number): fc.Arbitrary<Tensor> =>
  fc
    .array(fc.nat(n - 1), { minLength: sizeOf(shape), maxLength: sizeOf(shape) })
    .map((values) => constant(Int32Array.from(values), shape));

/** Different numbers: where three tie for the maximum, differences are no derivative. */
export const distinct = (shape: Shape): fc.Arbitrary<Tensor> =>
  fc
    .shuffledSubarray(
      Array.from({ length: sizeOf(shape) }, (_, i) => i / 8 - 4),
      { minLength: sizeOf(shape) },
    )
    .map((values) => constant(Float64Array.from(values), shape));

/** What float32 arithmetic meets at its edges. */
const edges: readonly number[] = [...[NaN, Infinity, -Infinity, 0, -0, 1, -2]];
/** Their squares are 0 in float32, and so are some products. */
const tiny: readonly number[] = [2 ** -126, -(2 ** -126), 2 ** -140, 1e-30];
/** Their squares, and sums of a few, are beyond float32. */
const huge: readonly number[] = [3e38, -3e38, 1e20];

const allOf = (numbers: readonly number[]): Numbers => {
  const value = fc.oneof(
    { arbitrary: between(-3, 3), weight: 2 },
    { arbitrary: fc.constantFrom(...numbers), weight: 1 },
  );
  return {
    ...{ any: value, positive: value, negative: value, share: value, compared: value },
    epsilon: fc.constantFrom(1e-5, 1e-2),
    ...{ longest: 4, shortest: 0 },
  };
};

/** Whatever the type allows, in the domain of an operation or not, down to no elements at all. */
export const edgy: Numbers = allOf(edges);
/** The same where no intermediate result overflows or vanishes while the result does not. */
export const edgyAndExtreme: Numbers = allOf([...edges, ...tiny, ...huge]);
