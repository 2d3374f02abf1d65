import { join } from "node:path";
import { DataError } from "../../tensor/errors.ts";
import { readIfThere, writeWhole } from "../../weights/files.ts";
import { reportOf } from "./page.ts";

export { reportOf } from "./page.ts";
export type { RunFiles } from "./run.ts";

/**
 * Writes report.html into a fine-tune's folder, from its recipe.json and metrics.jsonl; the run may
 * still be under way.
 * @returns the page's path
 * @throws DataError where there is no recipe.json, or a file cannot be read
 */
export async function writeReport(directory: string): Promise<string> {
  const recipe = await readIfThere(join(directory, "recipe.json"));
  if (!recipe)
    throw new DataError(`${directory}: expected a fine-tune's folder, got no recipe.json in it`);
  const metrics = await readIfThere(join(directory, "metrics.jsonl"));
  const page = join(directory, "report.html");
  await writeWhole(
    page,
    inFolder(directory, () => reportOf({ recipe, metrics })),
  );
  return page;
}

function inFolder<T>(directory: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof DataError ? new DataError(`${directory}/${error.message}`) : error;
  }
}
