import { shortList } from "./conditions.ts";
import { type FamilyGrid, familyGrids, over, type Rates } from "./families.ts";

/**
 * Families beside the study's own, which are run where they are named: what changes a step and not the
 * loss. With nine settings each at the same rates they may join any study, one that has begun too.
 */
function extraGrids(all: Rates): readonly FamilyGrid[] {
  const rates = over("learningRate", all);
  return [
    { method: "agem", axes: [over("replayShare", [0.1, 0.3, 0.5]), rates] },
    {
      ...{ method: "sft", family: "mofo", label: "MoFO" },
      axes: [over("updateShare", [0.05, 0.15, 0.5]), rates],
    },
    {
      ...{ method: "sft", family: "sam", label: "SAM" },
      axes: [over("sam", [0.02, 0.05, 0.2]), rates],
    },
  ];
}

const nameOf = ({ method, family = method }: FamilyGrid): string => family;

/**
 * Families beside plain fine-tuning, in the order of the grid whatever the order of their names, so that
 * a study in which there are more of them goes on with what it has.
 * @param names of families; `all` for the study's, `short` for those of the conditions about one question,
 *   `extra` for those that join by name
 * @throws RangeError for a name of neither
 */
export function gridsNamed(names: readonly string[], rates: Rates): FamilyGrid[] {
  const [own, extra] = [familyGrids(rates), extraGrids(rates)];
  const sets = new Map([
    ["all", own.map(nameOf)],
    ["short", shortList],
    ["extra", extra.map(nameOf)],
  ]);
  const grids = [...own, ...extra];
  const known = [...sets.keys(), "sft", ...grids.map(nameOf)];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new RangeError(
      `studyRecipe: expected families among ${known.join(", ")}, got ${unknown}`,
    );
  const wanted = new Set(names.flatMap((name) => sets.get(name) ?? [name]));
  return grids.filter((grid) => wanted.has(nameOf(grid)));
}
