/**
 * (module (func (export "madd") (param f32 f32 f32) (result f32)
 *   (f32x4.extract_lane 0 (f32x4.relaxed_madd
 *     (f32x4.splat (local.get 0)) (f32x4.splat (local.get 1)) (f32x4.splat (local.get 2))))))
 */
const MADD = new Uint8Array([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 8, 1, 0x60, 3, 0x7d, 0x7d, 0x7d, 1, 0x7d],
  ...[3, 2, 1, 0],
  ...[7, 8, 1, 4, 0x6d, 0x61, 0x64, 0x64, 0, 0],
  ...[10, 22, 1, 20, 0],
  ...[0x20, 0, 0xfd, 0x13, 0x20, 1, 0xfd, 0x13, 0x20, 2, 0xfd, 0x13],
  ...[0xfd, 0x85, 0x02, 0xfd, 0x1f, 0, 0x0b],
]);

/**
 * Whether relaxed multiply-adds are rounded once here: a host fuses them where its CPU can, and says
 * nothing. (1 + 2⁻¹²)² = 1 + 2⁻¹¹ + 2⁻²⁴, whose last term is lost where the product is rounded alone.
 */
export async function fusesMultiplyAdd(): Promise<boolean> {
  const { instance } = await WebAssembly.instantiate(MADD);
  const madd = instance.exports["madd"] as (a: number, b: number, c: number) => number;
  const x = 1 + 2 ** -12;
  return madd(x, x, -(1 + 2 ** -11)) !== 0;
}
