import { at } from "../../../tensor/shapes.ts";

/**
 * Moves places on a line apart, each as little as the others allow, and keeps their order.
 * @param places where each would stand, pixels
 * @param room how far apart they must be, and the ends of the line. Where it is too short for all of
 * them they stand as far apart as it lets them.
 * @example
 * spreadOut([10, 10, 90], { gap: 12, from: 0, to: 100 }); // [4, 16, 90]
 */
export function spreadOut(
  places: readonly number[],
  { gap, from, to }: { readonly gap: number; readonly from: number; readonly to: number },
): readonly number[] {
  const n = places.length;
  if (n === 0) return [];
  const step = Math.min(gap, n > 1 ? (to - from) / (n - 1) : gap);
  const order = places.map((_, i) => i).sort((a, b) => at(places, a) - at(places, b) || a - b);
  // Less its steps, the order has only to be kept: means of those that would break it do that best.
  const blocks: { mean: number; size: number }[] = [];
  order.forEach((index, i) => {
    let block = { mean: at(places, index) - i * step, size: 1 };
    for (let last = blocks.at(-1); last && last.mean > block.mean; last = blocks.at(-1)) {
      const size = last.size + block.size;
      block = { mean: (last.mean * last.size + block.mean * block.size) / size, size };
      blocks.pop();
    }
    blocks.push(block);
  });
  const end = to - (n - 1) * step;
  const moved = blocks.flatMap(({ mean, size }) =>
    Array.from({ length: size }, () => Math.min(Math.max(mean, from), end)),
  );
  const placed = Array.from(places);
  order.forEach((index, i) => {
    placed[index] = at(moved, i) + i * step;
  });
  return placed;
}
