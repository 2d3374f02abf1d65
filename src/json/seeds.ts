/** A count beyond it is a slip. */
const MOST = 1000;

/**
 * Seeds as files give them: a list, or a number n that stands for 0 to n − 1.
 * @param below no seed is as large
 * @returns the seeds; a text that says what was expected where they are none
 */
export function seedsFrom(value: unknown, below: number): readonly number[] | string {
  const isSeed = (x: unknown): x is number =>
    typeof x === "number" && Number.isInteger(x) && x >= 0 && x < below;
  if (isSeed(value) && value > 0 && value <= MOST)
    return Array.from({ length: value }, (_, i) => i);
  if (!Array.isArray(value) || !value.every(isSeed))
    return "a count, or a list of whole numbers from 0";
  return new Set(value).size < value.length ? "different seeds" : value;
}
