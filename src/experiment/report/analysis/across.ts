import { differencesOf, groupedEstimate } from "../../summary/statistics.ts";
import { type DataTable, tableOf } from "../export/csv.ts";
import type { Reported } from "../reported.ts";
import { opponents } from "./lines.ts";
import { chosenIn } from "./size.ts";

/**
 * Each family's chosen row against Anchored's in all studies together: differences in what is lost,
 * and their interval, for which bases are resampled first and then the studies that share them.
 */
export function acrossData(studies: readonly Reported[]): DataTable {
  const [main] = opponents;
  const families = [...new Set(studies.flatMap(({ choices }) => choices.map((c) => c.family)))];
  return tableOf(
    "across",
    families.flatMap((family) => {
      if (family === main) return [];
      const bySeed = new Map<number, number[]>();
      let count = 0;
      for (const study of studies) {
        const [mine, other] = [family, main].map((name) => chosenIn(study, name));
        if (!mine || !other) continue;
        count++;
        for (const seed of mine.drop.values.keys()) {
          const [left, right] = [mine, other].map(
            ({ drop }) => new Map([...drop.values].filter(([one]) => one === seed)),
          );
          if (!left || !right) continue;
          bySeed.set(seed, [...(bySeed.get(seed) ?? []), ...differencesOf(left, right)]);
        }
      }
      const groups = [...bySeed.values()].filter(({ length }) => length > 0);
      const found = groupedEstimate(groups);
      return found && count > 1
        ? [
            {
              ...{ family, studies: count, bases: groups.length },
              ...{ difference: found.mean, low: found.low, high: found.high },
            },
          ]
        : [];
    }),
  );
}
