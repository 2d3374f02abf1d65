import { chooseRows } from "./choose.ts";
import { resamples } from "./statistics.ts";
import type { RowSummary, Spread } from "./summary.ts";

/**
 * How often each row of a family would be chosen were the tuning seeds others like them: the share
 * of the bootstrap's resamples of the seeds in which it is.
 * @param tuning summaries over the tuning seeds
 * @returns by id of the row; the rows of a family add up to 1
 */
export function choiceFrequency(tuning: readonly RowSummary[]): ReadonlyMap<string, number> {
  const seeds = [...new Set(tuning.flatMap(({ seeds }) => seeds))];
  const shares = new Map<string, number>();
  for (const { row } of tuning) if (row.method !== "base") shares.set(row.id, 0);
  if (seeds.length === 0) return shares;
  for (const { counts, weight } of resamples(seeds.length)) {
    const times = new Map(seeds.map((seed, i) => [seed, counts[i] ?? 0]));
    for (const { row } of chooseRows(tuning, (spread) => meanWith(spread, times)))
      shares.set(row.id, (shares.get(row.id) ?? 0) + weight);
  }
  return shares;
}

/** The mean with every seed as often as it was drawn; of all, where none of its own was. */
function meanWith({ values, mean }: Spread, times: ReadonlyMap<number, number>): number {
  let [sum, count] = [0, 0];
  for (const [seed, value] of values) {
    const drawn = times.get(seed) ?? 0;
    sum += drawn * value;
    count += drawn;
  }
  return count > 0 ? sum / count : mean;
}
