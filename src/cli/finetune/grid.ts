import { join } from "node:path";
import { toCsv } from "../../experiment/report/export/csv.ts";
import { linesOf } from "../../finetune/files/directory.ts";
import { type Course, courseOfRun, gridFigures, gridTable } from "../../finetune/grid/summary.ts";
import { jsonText } from "../../json/jsonText.ts";
import { visible } from "../../report/escape.ts";
import { DataError } from "../../tensor/errors.ts";
import { writeWhole } from "../../weights/files.ts";
import type { Terminal } from "../terminal/command.ts";
import { UsageError } from "../terminal/usage.ts";
import { runHere } from "./runHere.ts";
import type { GroupOptions, Make, Outcomes, Planned } from "./runs.ts";
import { runThere } from "./runThere.ts";

/** One after the other, on this machine. */
const here: Make = async (runs, options, terminal, ended) => {
  const failed: Outcomes["failed"][number][] = [];
  for (const [i, run] of runs.entries()) {
    terminal.out.write(`\n[${i + 1}/${runs.length}] ${run.id}\n`);
    const named = { group: options.group, name: run.id };
    try {
      const isDone = await runHere(
        { ...options, recipe: run.recipe, out: run.out, named },
        terminal,
      );
      if (!isDone) return { failed, stopped: true };
      if (!options.dryRun) await ended(run);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      // Somebody else has the grid now: nothing of it is to be written any more.
      await options.claimed?.check();
      const given = error instanceof Error ? error : new Error(`${error}`);
      terminal.out.write(`✗ ${visible(given.message)}\n`);
      failed.push({ run: run.id, error: given });
    }
  }
  return { failed, stopped: false };
};

/**
 * Makes all runs of a grid, here or by workers, and compares them: a table, `summary.csv`, and
 * `failures.json` where some failed.
 * @returns whether they came to their ends
 * @throws DataError where runs failed
 */
export async function runGrid(
  runs: readonly Planned[],
  options: GroupOptions,
  terminal: Terminal,
): Promise<boolean> {
  const { path, places, dryRun } = options;
  const { out, err } = terminal;
  const say = (mark: string, id: string, more: string): boolean =>
    out.write(`${mark} ${id}${more && `  ${visible(more)}`}\n`);
  const where = places ? `workers of ${places.address.name}, ${places.store.name}` : "this machine";
  out.write(`anchorgrad: ${runs.length} fine-tunes on ${where}; ${path}\n`);
  const courses: Course[] = [];
  const make = places ? runThere : here;
  const { failed, stopped } = await make(runs, options, terminal, async (run) => {
    const course = courseOfRun(run, await linesOf(run.out));
    courses.push(course);
    if (places) say("✓", run.id, course.text);
  });
  if (places) for (const { run, error } of failed) say("✗", run, error.message);
  if (dryRun && failed.length === 0) return true;
  if (stopped) {
    err.write(`stopped; the same command goes on (${path})\n`);
    return false;
  }
  const ordered = runs.flatMap(({ id }) => courses.filter((course) => course.id === id));
  if (!dryRun) {
    if (ordered.length > 0) out.write(`\n${gridTable(ordered)}\nwritten to ${path}\n`);
    await writeWhole(
      join(path, "summary.csv"),
      toCsv({ name: "summary", ...gridFigures(ordered) }),
    );
    const failures = failed.map(({ run, error }) => ({ run, error: error.stack ?? error.message }));
    await writeWhole(join(path, "failures.json"), jsonText(failures));
  }
  const [first] = failed;
  if (first)
    throw new DataError(
      `${failed.length} of ${runs.length} runs failed, ${first.run} first: ${first.error.message}; the same command runs them again`,
    );
  return true;
}
