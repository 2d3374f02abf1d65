/** Numbers in [−1, 1) that are exact in float32: the top 24 bits of a weak but even generator. */
export function noise(count: number, seed: number): Float64Array {
  let state = seed >>> 0;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) >>> 0;
    return (state >>> 8) / 2 ** 23 - 1;
  });
}
