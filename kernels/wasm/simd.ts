/** a · b + c, fused where the build has it. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD
    ? f32x4.relaxed_madd(a, b, c)
    : f32x4.add(f32x4.mul(a, b), c);
}

/** c − a · b, fused where the build has it. */
// @ts-ignore: decorator
@inline
export function nmadd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD
    ? f32x4.relaxed_nmadd(a, b, c)
    : f32x4.sub(c, f32x4.mul(a, b));
}

// @ts-ignore: decorator
@inline
export function splat(x: f32): v128 {
  return f32x4.splat(x);
}

// @ts-ignore: decorator
@inline
export function splatBits(x: i32): v128 {
  return i32x4.splat(x);
}

/** Lanes that lie before `bytes`. */
// @ts-ignore: decorator
@inline
export function inside(bytes: usize): v128 {
  return i32x4.lt_s(i32x4(0, 4, 8, 12), i32x4.splat(<i32>bytes));
}

/** Vector at byte `i` of a row of `bytes`; lanes past its end become `rest`. Reading there is safe:
 * every buffer is padded. */
// @ts-ignore: decorator
@inline
export function loadRow(x: usize, i: usize, bytes: usize, rest: f32): v128 {
  const v = v128.load(x + i);
  return bytes - i >= 16 ? v : v128.bitselect(v, splat(rest), inside(bytes - i));
}

/** Writes a vector at byte `i` of a row of `bytes`, but nothing past its end. */
// @ts-ignore: decorator
@inline
export function storeRow(y: usize, i: usize, bytes: usize, v: v128): void {
  if (bytes - i >= 16) v128.store(y + i, v);
  else storeTail(y + i, v, bytes - i);
}

function storeTail(y: usize, v: v128, bytes: usize): void {
  if (bytes == 4) v128.store_lane<f32>(y, v, 0);
  else {
    v128.store_lane<f64>(y, v, 0);
    if (bytes == 12) v128.store_lane<f32>(y + 8, v, 2);
  }
}

/** The last two lanes, where promotion to float64 looks for them. */
// @ts-ignore: decorator
@inline
export function highHalf(v: v128): v128 {
  return v128.shuffle<f32>(v, v, 2, 3, 2, 3);
}

// @ts-ignore: decorator
@inline
export function sumLanes(v: v128): f32 {
  const pairs = f32x4.add(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

// @ts-ignore: decorator
@inline
export function maxLanes(v: v128): f32 {
  const pairs = f32x4.max(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return max<f32>(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}
