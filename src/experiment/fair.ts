import { refuse } from "../text/jsonl.ts";
import type { Recipe, RowRecipe } from "./recipe.ts";

/**
 * Refuses a comparison in which methods do not have the same chances: the best of nine settings
 * looks better than the best of three, whatever the methods are.
 * @throws DataError naming the family where it has more or fewer rows than another, has one of its
 *   settings twice, was tried at other learning rates than another, or trains longer than the recipe
 */
export function checkFair(recipe: Recipe): void {
  const families = new Map<string, RowRecipe[]>();
  for (const row of recipe.rows)
    if (row.method !== "base") families.set(row.family, [...(families.get(row.family) ?? []), row]);
  const [first] = families;
  if (!first) return;
  const [name, own] = first;
  const rates = ratesOf(recipe, own);
  for (const [family, rows] of families) {
    const path = `recipe.rows, family ${family}`;
    if (rows.length !== own.length)
      refuse(path, `as many settings as ${name}, ${own.length}`, rows.length);
    const seen = new Map<string, string>();
    for (const row of rows) {
      const settings = settingsText(row);
      const twin = seen.get(settings);
      if (twin !== undefined) refuse(path, `settings other than those of ${twin}`, row.id);
      seen.set(settings, row.id);
      const epochs = epochsOf(recipe, row);
      if (epochs > recipe.fineTuning.epochs)
        refuse(`${path}, ${row.id}`, `at most ${recipe.fineTuning.epochs} epochs`, epochs);
    }
    const tried = ratesOf(recipe, rows);
    // Averages of weights are not trained: their rates are those of the rows that they average.
    if (tried.length > 0 && tried.join() !== rates.join())
      refuse(path, `the learning rates of ${name}, ${rates.join(", ")}`, tried.join(", "));
  }
}

const isTrained = ({ method }: RowRecipe): boolean => method !== "base" && method !== "merge";

function ratesOf({ fineTuning }: Recipe, rows: readonly RowRecipe[]): number[] {
  const rates = rows.flatMap((row) =>
    isTrained(row) && "learningRate" in row ? [row.learningRate ?? fineTuning.learningRate] : [],
  );
  const trained = rows.filter(isTrained).length;
  const all = rates.length < trained ? [...rates, fineTuning.learningRate] : rates;
  return [...new Set(all)].sort((a, b) => a - b);
}

/** Epochs that a row trains for, over all its outer steps. */
function epochsOf({ fineTuning }: Recipe, row: RowRecipe): number {
  if (row.method === "base" || row.method === "merge") return 0;
  return row.inner === undefined ? (row.epochs ?? fineTuning.epochs) : (row.outer ?? 1) * row.inner;
}

/** A row without what it is called, its settings in the order of their names. */
function settingsText({ id: _, label: __, family: ___, ...settings }: RowRecipe): string {
  return JSON.stringify(Object.entries(settings).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
