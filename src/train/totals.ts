/** The sum of an array's numbers, from the first to the last. */
export function total(data: Iterable<number>): number {
  let sum = 0;
  for (const x of data) sum += x;
  return sum;
}
