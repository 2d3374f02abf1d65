import { visible } from "../../report/escape.ts";
import { count } from "../../report/format.ts";
import type { Output } from "./command.ts";

/** So many are shown; the rest is counted. */
const SHOWN = 20;

/** Shows which rows of a file were left out, and why. */
export function reportProblems(err: Output, problems: readonly string[], kept: number): void {
  if (problems.length === 0) return;
  for (const problem of problems.slice(0, SHOWN)) err.write(`${visible(problem)}\n`);
  const more = problems.length - SHOWN;
  if (more > 0) err.write(`… and ${count(more)} more\n`);
  const rows = problems.length === 1 ? "row was" : "rows were";
  err.write(`${count(problems.length)} ${rows} left out, ${count(kept)} kept\n`);
}
