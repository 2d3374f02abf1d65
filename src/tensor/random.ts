import { constant } from "./apply.ts";
import { expectKnown } from "./options.ts";
import { at, checkLengths, isCount, sizeOf } from "./shapes.ts";
import type { Shape, Tensor } from "./tensor.ts";

/**
 * A source of randomness as a value: the same key always gives the same numbers, and a key is used
 * once, then split. Two 32-bit words, as in JAX.
 */
export type Key = readonly [high: number, low: number];

/** A key from a seed, any integer. @throws RangeError for anything else */
export function key(seed: number): Key {
  if (!Number.isSafeInteger(seed))
    throw new RangeError(`random.key: expected an integer seed, got ${seed}`);
  return Object.freeze([Math.floor(seed / 2 ** 32) >>> 0, seed >>> 0] as const);
}

/** `count` independent keys. @throws RangeError for a count that is no integer from 0 */
export function split(parent: Key, count = 2): Key[] {
  expectIndex("random.split: expected a count", count);
  return Array.from({ length: count }, (_, i) => fold(parent, i));
}

/**
 * The `index`-th key derived from a key.
 * @throws RangeError for an index that is no integer from 0 below 2³²: another's key it would be
 */
export function fold(parent: Key, index: number): Key {
  expectIndex("random.fold: expected an index", index);
  return Object.freeze(threefry(expectKey(parent), index >>> 0, DERIVE));
}

function expectIndex(what: string, index: number): void {
  if (index >>> 0 !== index)
    throw new RangeError(`${what} that is an integer from 0 below 2^32, got ${index}`);
}

/** @throws TypeError for anything else, a seed above all */
function expectKey(source: Key): Key {
  if (Array.isArray(source)) return source;
  throw new TypeError(`random: expected a key, such as random.key(0), got ${source}`);
}

/** Derived keys and drawn numbers come from disjoint counters. */
const DERIVE = 0x80000000;

const rotate = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits));

/** Threefry-2x32, 20 rounds: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011). */
function threefry([k0, k1]: Key, c0: number, c1: number): [number, number] {
  let [a, b, c] = [k0 | 0, k1 | 0, k0 ^ k1 ^ 0x1bd11bda];
  let x = (c0 + a) | 0;
  let y = (c1 + b) | 0;
  for (let block = 1; block <= 5; block++) {
    // Written out, it takes three quarters of the time.
    const isOdd = (block & 1) === 1;
    x = (x + y) | 0;
    y = rotate(y, isOdd ? 13 : 17) ^ x;
    x = (x + y) | 0;
    y = rotate(y, isOdd ? 15 : 29) ^ x;
    x = (x + y) | 0;
    y = rotate(y, isOdd ? 26 : 16) ^ x;
    x = (x + y) | 0;
    y = rotate(y, isOdd ? 6 : 24) ^ x;
    x = (x + b) | 0;
    y = (y + c + block) | 0;
    [a, b, c] = [b, c, a];
  }
  return [x >>> 0, y >>> 0];
}

/** Draws numbers in [0, 1), one after the other, with 53 random bits each. */
export function stream(source: Key): () => number {
  const own = expectKey(source);
  let counter = 0;
  return () => {
    const [high, low] = threefry(own, counter >>> 0, Math.floor(counter / 2 ** 32));
    counter++;
    return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
  };
}

/** Numbers that are drawn at once: 4 GiB of them, in float64. */
const MOST = 2 ** 29;

/** How many numbers a shape has. @throws RangeError for more than are drawn at once */
function countOf(op: string, shape: Shape): number {
  const size = sizeOf(checkLengths(`random.${op}`, shape));
  if (size <= MOST) return size;
  throw new RangeError(
    `random.${op}: expected at most 2^29 numbers at once, got a shape of ${size}`,
  );
}

function fill(
  op: string,
  source: Key,
  shape: Shape,
  draw: (next: () => number) => number,
): Tensor<"constant"> {
  const next = stream(source);
  return constant(
    Float64Array.from({ length: countOf(op, shape) }, () => draw(next)),
    shape,
  );
}

/**
 * Uniform in [min, max), 0 and 1 by default.
 * @throws RangeError for what is no range, or for more than 2²⁹ numbers
 */
export function uniform(
  source: Key,
  shape: Shape,
  options: { readonly min?: number; readonly max?: number } = {},
): Tensor<"constant"> {
  expectKnown("random.uniform", options, ["min", "max"]);
  const { min = 0, max = 1 } = options;
  if (!(min <= max && Number.isFinite(max - min)))
    throw new RangeError(`random.uniform: expected finite min ≤ max, got ${min} and ${max}`);
  return fill("uniform", source, shape, (next) => min + (max - min) * next());
}

/**
 * Normal, by Box and Muller; mean 0 and std 1 by default.
 * @throws RangeError for what is no mean or std, or for more than 2²⁹ numbers
 */
export function normal(
  source: Key,
  shape: Shape,
  options: { readonly mean?: number; readonly std?: number } = {},
): Tensor<"constant"> {
  expectKnown("random.normal", options, ["mean", "std"]);
  const { mean = 0, std = 1 } = options;
  if (!(Number.isFinite(mean) && std >= 0 && Number.isFinite(std)))
    throw new RangeError(
      `random.normal: expected a finite mean and std ≥ 0, got ${mean} and ${std}`,
    );
  return fill("normal", source, shape, (next) => {
    const radius = Math.sqrt(-2 * Math.log(1 - next()));
    return mean + std * radius * Math.cos(2 * Math.PI * next());
  });
}

/**
 * int, uniform in [min, maxExclusive).
 * @throws RangeError for a range that is empty, or has numbers that are no int32; for more than 2²⁹
 *   numbers
 */
export function integers(
  source: Key,
  shape: Shape,
  min: number,
  maxExclusive: number,
): Tensor<"constant"> {
  const isInt32 = (min | 0) === min && Number.isInteger(maxExclusive) && maxExclusive <= 2 ** 31;
  if (!isInt32 || maxExclusive <= min)
    throw new RangeError(
      `random.integers: expected a range of integers of 32 bits that is not empty, got [${min}, ${maxExclusive})`,
    );
  const next = stream(source);
  const draw = () => min + Math.floor(next() * (maxExclusive - min));
  return constant(Int32Array.from({ length: countOf("integers", shape) }, draw), shape);
}

/**
 * 0 … n−1 in random order, by Fisher and Yates.
 * @throws RangeError for an n that is no count, or more than 2²⁹
 */
export function permutation(source: Key, n: number): number[] {
  if (!isCount(n)) throw new RangeError(`random.permutation: expected an integer n ≥ 0, got ${n}`);
  const next = stream(source);
  const order = Array.from({ length: countOf("permutation", [n]) }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [order[i], order[j]] = [at(order, j), at(order, i)];
  }
  return order;
}
