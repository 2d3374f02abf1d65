import { madd, nmadd, splat, splatBits } from "../simd";

/** 1.5 · 2²³: adding it rounds to an integer, which is then in the low bits. */
const ROUNDER: f32 = 12582912;

/** x · log₂e rounded to an integer, plus ROUNDER. */
// @ts-ignore: decorator
@inline
function exponent(x: v128): v128 {
  return madd(x, splat(1.44269504088896341), splat(ROUNDER));
}

/** e^(x − n·ln 2) for |x − n·ln 2| ≤ ½ ln 2, to half a unit of the last place: the polynomial of
 * least relative error (3·10⁻⁹) that starts with 1 + r. */
// @ts-ignore: decorator
@inline
function mantissa(x: v128, shifted: v128): v128 {
  const n = f32x4.sub(shifted, splat(ROUNDER));
  // ln 2 in two parts, of which the first times n is exact.
  const r = nmadd(n, splat(-2.12194440e-4), nmadd(n, splat(0.693359375), x));
  let p = madd(splat(0.0013814320554956794), r, splat(0.008368851616978645));
  p = madd(p, r, splat(0.041668400168418884));
  p = madd(p, r, splat(0.1666651964187622));
  p = madd(p, r, splat(0.4999999403953552));
  p = madd(p, r, splat(1));
  return madd(p, r, splat(1));
}

/** eˣ to 1 ulp; 0 below −104, ∞ above 88.73, subnormal results included. */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  // pmin and pmax let NaN pass as their first operand.
  const bounded = f32x4.pmax(f32x4.pmin(x, splat(89)), splat(-104));
  const shifted = exponent(bounded);
  // 2ⁿ in two factors, since n may lie outside the exponents of normal numbers.
  const whole = i32x4.sub(shifted, splatBits(0x4b400000));
  const half = i32x4.shr_s(whole, 1);
  const p = mantissa(bounded, shifted);
  return f32x4.mul(f32x4.mul(p, powerOfTwo(half)), powerOfTwo(i32x4.sub(whole, half)));
}

// @ts-ignore: decorator
@inline
function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, splatBits(127)), 23);
}

/** eˣ to 1 ulp for x ≤ 88, in two thirds of the time; exactly 0 below −87.3, where the result would
 * be subnormal. */
// @ts-ignore: decorator
@inline
export function expUpTo88(x: v128): v128 {
  const shifted = exponent(x);
  const e = i32x4.add(mantissa(x, shifted), i32x4.shl(shifted, 23));
  return v128.andnot(e, f32x4.lt(x, splat(-87.3)));
}

// The polynomials of log and tanh are those of S. Moshier's Cephes library (logf, tanhf).

/** Natural logarithm to about 1 ulp; −∞ at 0, NaN below, subnormal arguments included. */
// @ts-ignore: decorator
@inline
export function log(x: v128): v128 {
  const subnormal = f32x4.lt(x, splat(1.17549435e-38));
  const scaled = v128.bitselect(f32x4.mul(x, splat(33554432)), x, subnormal);
  // m ∈ [√½, √2) and e with scaled = m · 2ᵉ
  const bits = i32x4.sub(scaled, splatBits(0x3f3504f3));
  const e = i32x4.sub(i32x4.shr_s(bits, 23), v128.and(subnormal, splatBits(25)));
  const m = i32x4.add(v128.and(bits, splatBits(0x007fffff)), splatBits(0x3f3504f3));
  const f = f32x4.sub(m, splat(1));
  let p = madd(splat(7.0376836292e-2), f, splat(-1.1514610310e-1));
  p = madd(p, f, splat(1.1676998740e-1));
  p = madd(p, f, splat(-1.2420140846e-1));
  p = madd(p, f, splat(1.4249322787e-1));
  p = madd(p, f, splat(-1.6668057665e-1));
  p = madd(p, f, splat(2.0000714765e-1));
  p = madd(p, f, splat(-2.4999993993e-1));
  p = madd(p, f, splat(3.3333331174e-1));
  const power = f32x4.convert_i32x4_s(e);
  const square = f32x4.mul(f, f);
  let y = f32x4.mul(f32x4.mul(p, f), square);
  y = madd(power, splat(-2.12194440e-4), y);
  y = nmadd(square, splat(0.5), y);
  y = madd(power, splat(0.693359375), f32x4.add(f, y));
  const zero = f32x4.eq(x, splat(0));
  const finite = f32x4.lt(x, splat(Infinity));
  const negative = f32x4.lt(x, splat(0));
  y = v128.bitselect(y, x, finite); // ∞ and NaN are their own logarithms
  y = v128.bitselect(splat(NaN), y, negative);
  return v128.bitselect(splat(-Infinity), y, zero);
}

/** Hyperbolic tangent with relative accuracy, near 0 too. */
// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const size = f32x4.abs(x);
  const square = f32x4.mul(x, x);
  let p = madd(splat(-5.70498872745e-3), square, splat(2.06390887954e-2));
  p = madd(p, square, splat(-5.37397155531e-2));
  p = madd(p, square, splat(1.33314422036e-1));
  p = madd(p, square, splat(-3.33332819422e-1));
  const near = madd(f32x4.mul(p, square), x, x);
  const e = expUpTo88(f32x4.pmin(f32x4.add(size, size), splat(88)));
  const far = f32x4.sub(splat(1), f32x4.div(splat(2), f32x4.add(e, splat(1))));
  const y = v128.bitselect(near, far, f32x4.lt(size, splat(0.625)));
  return v128.bitselect(x, y, splatBits(0x80000000)); // its own sign, that of zero too
}

/** 1 / (1 + e⁻ˣ), which does not overflow; exactly 0 below −88, where it would be subnormal, for it may
 * be multiplied by x. */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const e = expUpTo88(f32x4.pmin(f32x4.neg(x), splat(88)));
  const s = f32x4.div(splat(1), f32x4.add(splat(1), e));
  return v128.andnot(s, f32x4.lt(x, splat(-88)));
}

/** The sine of x + quarters · π/2 for a float32 x, exact to its last place whatever its size. */
export function sinOf(x: f32, quarters: i32): f64 {
  let r: f64;
  let n: i32;
  if (abs<f32>(x) < 268435456) {
    const turns = nearest(<f64>x * 0.6366197723675814); // 2/π
    // π/2 in two parts, of which the first, of 25 bits, times turns is exact.
    r = <f64>x - turns * 1.5707963109016418 - turns * 1.5893254773528196e-8;
    n = <i32>turns;
  } else {
    const turn = turnOf(x);
    n = <i32>((turn + (1 << 61)) >> 62);
    r = <f64>(<i64>(turn - (<u64>n << 62))) * 3.4061215800865545e-19; // 2π · 2⁻⁶⁴
  }
  const z = r * r;
  const quadrant = (n + quarters) & 3;
  let y: f64;
  if (quadrant & 1) {
    y = -1.0 / 87178291200;
    y = y * z + 1.0 / 479001600;
    y = y * z - 1.0 / 3628800;
    y = y * z + 1.0 / 40320;
    y = y * z - 1.0 / 720;
    y = y * z + 1.0 / 24;
    y = y * z - 0.5;
    y = 1 + z * y;
  } else {
    y = 1.0 / 6227020800;
    y = y * z - 1.0 / 39916800;
    y = y * z + 1.0 / 362880;
    y = y * z - 1.0 / 5040;
    y = y * z + 1.0 / 120;
    y = y * z - 1.0 / 6;
    y = r + r * z * y;
  }
  return quadrant & 2 ? -y : y;
}

/** 32 bits of 1/2π, from bit 32 · i behind the point. */
function inverseTurn(i: i32): u64 {
  switch (i) {
    case 0:
      return 0x28be60db;
    case 1:
      return 0x9391054a;
    case 2:
      return 0x7f09d5f4;
    case 3:
      return 0x7d4d3770;
    case 4:
      return 0x36d8a566;
    case 5:
      return 0x4f10e410;
    default:
      return 0x7f9458ea;
  }
}

/**
 * What of x / 2π is left without whole turns, as 64 bits behind the point, for |x| ≥ 2²⁴: x is a
 * whole number m · 2ᵉ, and bits of 1/2π before bit e make whole turns of it (Payne and Hanek). Of ∞
 * and NaN it is anything: their sine is made NaN by the caller's 0 · x.
 */
function turnOf(x: f32): u64 {
  const bits = reinterpret<u32>(x);
  const m = <u64>((bits & 0x7fffff) | 0x800000);
  const e = <i32>((bits >> 23) & 0xff) - 150;
  const word = min(e >> 5, 3);
  const shift = <u64>(e & 31);
  const high = (inverseTurn(word) << 32) | inverseTurn(word + 1);
  const low = (inverseTurn(word + 2) << 32) | inverseTurn(word + 3);
  const first = shift ? (high << shift) | (low >> (64 - shift)) : high;
  const second = (low << shift) >> 32;
  const turn = m * first + ((m * second) >> 32);
  return bits >> 31 ? 0 - turn : turn;
}
