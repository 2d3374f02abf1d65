import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Verdicts by key, a line each, so that a run that is stopped loses none. */
export function openVerdicts(folder, fresh) {
  const file = join(folder, "verdicts.jsonl");
  mkdirSync(folder, { recursive: true });
  if (fresh) rmSync(file, { force: true });
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const known = new Map(
    // The last line is cut short where a run was stopped in the middle of it.
    lines
      .filter((line) => line.endsWith("}"))
      .map((line) => JSON.parse(line))
      .map((row) => [row.key, row]),
  );
  return {
    get: (key) => known.get(key),
    set(key, verdict) {
      known.set(key, verdict);
      appendFileSync(file, `${JSON.stringify({ key, ...verdict })}\n`);
    },
  };
}
