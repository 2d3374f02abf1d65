import { f16Of, fromF16 } from "./half.ts";

/** Numbers that share a scale, and the bytes of the scale (F16) and of them (int8). */
export const BLOCK = 32;
export const BLOCK_BYTES = 34;

/**
 * Q8_0 as ggml quantises: d = max |x| / 127 in float32, q = x / d rounded half away from zero, d
 * kept as F16. A number is off by d/2 at most, and by what d loses as F16: 127 · d · 2^-11.
 * @param values whole blocks
 */
export function quantize(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array((values.length / BLOCK) * BLOCK_BYTES);
  const view = new DataView(bytes.buffer);
  for (let from = 0, at = 0; from < values.length; from += BLOCK, at += BLOCK_BYTES) {
    let most = 0;
    for (let i = 0; i < BLOCK; i++) most = Math.max(most, Math.abs(values[from + i] as number));
    const scale = Math.fround(Math.fround(most) / 127);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    view.setUint16(at, f16Of(scale), true);
    for (let i = 0; i < BLOCK; i++) {
      const x = Math.fround(Math.fround(values[from + i] as number) * inverse);
      view.setInt8(at + 2 + i, Math.sign(x) * Math.floor(Math.abs(x) + 0.5));
    }
  }
  return bytes;
}

/** @param bytes whole blocks */
export function dequantize(bytes: Uint8Array, into: Float32Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const code = new Uint16Array(1);
  const scale = new Float32Array(1);
  for (let from = 0, at = 0; from < into.length; from += BLOCK, at += BLOCK_BYTES) {
    code[0] = view.getUint16(at, true);
    fromF16(code, scale);
    for (let i = 0; i < BLOCK; i++)
      into[from + i] = (scale[0] as number) * view.getInt8(at + 2 + i);
  }
  return into;
}
