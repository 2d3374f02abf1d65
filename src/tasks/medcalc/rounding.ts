/**
 * Rounds to `digits` decimals, exact halves to the even neighbour: what Python's `round` does. A
 * double is an exact half there if and only if it is an odd multiple of 2^−(digits + 1).
 */
export function roundHalfEven(x: number, digits = 0): number {
  if (!Number.isFinite(x) || Math.abs(x) >= 1e21) return x;
  if (Math.abs(x * 2 ** (digits + 1)) % 2 !== 1) return Number(x.toFixed(digits));
  const floor = Math.floor(x * 10 ** digits);
  return (floor % 2 === 0 ? floor : floor + 1) / 10 ** digits;
}

/** The benchmark's rounding: 5 decimals, but 5 significant digits below 10⁻⁴. */
export const roundFive = (x: number): number =>
  Math.abs(x) < 1e-4 ? Number(x.toPrecision(5)) : roundHalfEven(x, 5);
