import { basename, join } from "node:path";
import { linesOf } from "../../finetune/files/directory.ts";
import type { FinetuneRecipe } from "../../finetune/recipe.ts";
import { DataError } from "../../tensor/errors.ts";
import type { Terminal } from "../terminal/command.ts";
import { runHere } from "./runHere.ts";
import type { GroupOptions } from "./runs.ts";
import { runThere } from "./runThere.ts";
import { resultTable } from "./table.ts";

/** Makes one run, here or by a worker, and shows what it came to. @returns whether it has ended */
export async function runOne(
  recipe: FinetuneRecipe,
  options: GroupOptions,
  terminal: Terminal,
): Promise<boolean> {
  const { path, dryRun, places, group } = options;
  const { out, err } = terminal;
  const name = basename(path);
  const run = { id: name, setting: name, recipe, out: path };
  if (places) {
    const { failed, stopped } = await runThere([run], options, terminal, async () => {});
    const [failure] = failed;
    // It comes as a text from elsewhere: whatever it was there, here it is what the run asks for.
    if (failure) throw new DataError(failure.error.message);
    if (stopped) return false;
  } else {
    const { out: folder } = run;
    const given = { ...options, recipe, out: folder, named: { group, name } };
    const ended = await runHere(given, terminal);
    if (dryRun) return true;
    if (!ended) {
      err.write(`stopped; the same command goes on (${path})\n`);
      return false;
    }
  }
  out.write(
    `\n${resultTable(await linesOf(path))}\nwritten to ${path}\nreport     ${join(path, "report.html")}\n`,
  );
  return true;
}
