/** Between a power of two and the next, rows have so many lengths. */
const PER_DOUBLING = 16;

/**
 * Rounds a row's length up, so that programs are traced for few: to a multiple of `step`, and where the
 * numbers are large to one of 16 lengths a doubling. That adds a 16th at most.
 * @param most what rounding must not go beyond: a model's context
 * @example roundedLength(101, 4) // 104
 * @example roundedLength(1001, 4, 1002) // 1002, not 1024
 */
export function roundedLength(length: number, step: number, most: number = Infinity): number {
  const below = 2 ** (31 - Math.clz32(length - 1));
  const by = Math.max(step, below / PER_DOUBLING);
  return Math.max(length, Math.min(Math.ceil(length / by) * by, most));
}
