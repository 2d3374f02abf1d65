// `Math.exp` and `Math.log` differ in the last bit from one JavaScript engine to another. These are
// made of +, −, × and ÷ alone, which IEEE 754 rounds the same everywhere, so that a certificate that
// a browser computes is the one that Node computes, to the bit.

/** ln 2 in two parts; the first has 32 bits, so that a small integer times it is exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

const LARGEST = 709.782712893384;
const SMALLEST = -745.1332191019412;

/** 1/2!, 1/3!, …, 1/14!: what is left out is below 2⁻⁶⁰ for |r| ≤ ln 2 / 2. */
const inverseFactorials: Float64Array = Float64Array.from({ length: 13 }, (_, i) => {
  let product = 1;
  for (let n = 2; n <= i + 2; n++) product *= n;
  return 1 / product;
});

const words = new DataView(new ArrayBuffer(8));

/** 2ᵏ for −1022 ≤ k ≤ 1023. */
function powerOfTwo(k: number): number {
  words.setUint32(0, (k + 1023) << 20);
  words.setUint32(4, 0);
  return words.getFloat64(0);
}

/** eˣ, within one unit in the last place. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > LARGEST) return Number.POSITIVE_INFINITY;
  if (x < SMALLEST) return 0;
  // x = k·ln 2 + r with |r| ≤ ln 2 / 2
  const k = Math.round(x / Math.LN2);
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  let tail = 0;
  for (let i = inverseFactorials.length - 1; i >= 0; i--)
    tail = tail * r + (inverseFactorials[i] as number);
  const power = 1 + (r + (r * r * tail + (high - r - low)));
  // Two factors, so that neither leaves the exponent's range.
  const half = k >> 1;
  return power * powerOfTwo(half) * powerOfTwo(k - half);
}

/** 2/3, 2/5, …, 2/25: what is left out is below 2⁻⁶⁰ for |s| ≤ 3 − 2√2. */
const odds: Float64Array = Float64Array.from({ length: 12 }, (_, i) => 2 / (2 * i + 3));

/** ln x, within one unit in the last place. */
export function log(x: number): number {
  if (Number.isNaN(x) || x < 0) return Number.NaN;
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (x === Number.POSITIVE_INFINITY) return x;
  // x = 2ᵏ·(1 + f) with √½ ≤ 1 + f < √2
  const subnormal = x < 2 ** -1022;
  words.setFloat64(0, subnormal ? x * 2 ** 54 : x);
  const head = words.getUint32(0);
  let k = (head >>> 20) - 1023 - (subnormal ? 54 : 0);
  words.setUint32(0, (head & 0xfffff) | 0x3ff00000);
  let m = words.getFloat64(0);
  if (m >= Math.SQRT2) {
    m /= 2;
    k++;
  }
  const f = m - 1;
  // ln(1 + f) = 2·artanh(s) = f − f²/2 + s·(f²/2 + Σ)
  const s = f / (2 + f);
  const z = s * s;
  let sum = 0;
  for (let i = odds.length - 1; i >= 0; i--) sum = (sum + (odds[i] as number)) * z;
  const half = (f * f) / 2;
  return k * LN2_HIGH - (half - (s * (half + sum) + k * LN2_LOW) - f);
}

/** eˣ − 1, within a few units in the last place, near 0 too. @see Kahan's compensation */
export function expm1(x: number): number {
  const u = exp(x);
  if (u === 1 || u === Number.POSITIVE_INFINITY) return u === 1 ? x : u;
  // What rounding did to u it also did to ln u.
  return u - 1 === -1 ? -1 : ((u - 1) * x) / log(u);
}

/** ln(1 + x), within a few units in the last place, near 0 too. @see Kahan's compensation */
export function log1p(x: number): number {
  const v = 1 + x;
  if (v === 1 || v === Number.POSITIVE_INFINITY) return x;
  return v === 0 ? Number.NEGATIVE_INFINITY : (log(v) * x) / (v - 1);
}
