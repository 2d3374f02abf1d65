/**
 * Numbers without rounding: fractions of whole numbers, and logarithms between two bounds. So a law can
 * be proved for distributions with rational probabilities, to 2⁻¹⁰⁰ nats where it speaks of logarithms.
 */

/** n/d with d > 0. */
export interface Fraction {
  readonly n: bigint;
  readonly d: bigint;
}

/** A real number between two multiples of 2^−BITS. */
export interface Interval {
  readonly low: bigint;
  readonly high: bigint;
}

const BITS = 160n;
const ONE = 1n << BITS;

const abs = (x: bigint): bigint => (x < 0n ? -x : x);
const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b));
/** ⌊n/d⌋ and ⌈n/d⌉; BigInt's division rounds towards 0. */
const floorDiv = (n: bigint, d: bigint): bigint => (n >= 0n ? n / d : -((-n + d - 1n) / d));
const ceilDiv = (n: bigint, d: bigint): bigint => -floorDiv(-n, d);

export function fraction(n: bigint | number, d: bigint | number = 1n): Fraction {
  const [a, b] = [BigInt(n), BigInt(d)];
  const common = gcd(abs(a), b);
  return { n: a / common, d: b / common };
}

export const plus = (a: Fraction, b: Fraction): Fraction =>
  fraction(a.n * b.d + b.n * a.d, a.d * b.d);
export const times = (a: Fraction, b: Fraction): Fraction => fraction(a.n * b.n, a.d * b.d);
export const minus = (a: Fraction, b: Fraction): Fraction => plus(a, { n: -b.n, d: b.d });
export const over = (a: Fraction, b: Fraction): Fraction => fraction(a.n * b.d, a.d * b.n);
export const isBelow = (a: Fraction, b: Fraction): boolean => a.n * b.d < b.n * a.d;
export const total = (xs: readonly Fraction[]): Fraction => xs.reduce(plus, fraction(0));

/** The interval of a fraction. */
export const interval = ({ n, d }: Fraction): Interval => ({
  low: floorDiv(n * ONE, d),
  high: ceilDiv(n * ONE, d),
});

export const sumOf = (xs: readonly Interval[]): Interval =>
  xs.reduce((a, b) => ({ low: a.low + b.low, high: a.high + b.high }), { low: 0n, high: 0n });
export const negated = ({ low, high }: Interval): Interval => ({ low: -high, high: -low });

/** x by a fraction. */
export function scaled(x: Interval, { n, d }: Fraction): Interval {
  const [a, b] = n >= 0n ? [x.low, x.high] : [x.high, x.low];
  return { low: floorDiv(a * n, d), high: ceilDiv(b * n, d) };
}

/** The product of two intervals that are not negative, but for rounding. */
export function product(a: Interval, b: Interval): Interval {
  const positive = (x: bigint): bigint => (x < 0n ? 0n : x);
  return {
    low: floorDiv(positive(a.low) * positive(b.low), ONE),
    high: ceilDiv(positive(a.high) * positive(b.high), ONE),
  };
}

/**
 * 2·artanh(y) = Σ 2·y^{2k+1}/(2k+1) for |y| ≤ 1/3. Each of the terms is off by less than 4 units for its
 * divisions, and what is left out is less than the last.
 */
function twiceArtanh({ n, d }: Fraction): Interval {
  let power = (n * ONE) / d;
  let sum = 0n;
  let terms = 0n;
  for (; power !== 0n; terms++) {
    sum += (2n * power) / (2n * terms + 1n);
    power = (power * n * n) / (d * d);
  }
  const error = 4n * terms + 4n;
  return { low: sum - error, high: sum + error };
}

const LN2 = twiceArtanh(fraction(1, 3));
const bitsOf = (x: bigint): number => x.toString(2).length;

/** log x of a positive fraction: of x·2^−k, between 1/2 and 2, and k·log 2. */
export function ln(x: Fraction): Interval {
  if (x.n <= 0n) throw new RangeError(`ln: expected a positive number, got ${x.n}/${x.d}`);
  const k = bitsOf(x.n) - bitsOf(x.d);
  const m = k >= 0 ? fraction(x.n, x.d << BigInt(k)) : fraction(x.n << BigInt(-k), x.d);
  const near = twiceArtanh(over(minus(m, fraction(1)), plus(m, fraction(1))));
  return sumOf([near, scaled(LN2, fraction(k))]);
}

/** a ≤ b, proved to 2⁻¹⁰⁰. */
export const isProved = (a: Interval, b: Interval): boolean =>
  a.high <= b.low + (1n << (BITS - 100n));
export const toNumber = ({ low }: Interval): number => Number(low >> 60n) / 2 ** 100;
