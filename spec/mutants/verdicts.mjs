import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Rows of a file, a line each, so that a run that is stopped loses none. */
function openRows(file) {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  return {
    // The last line is cut short where a run was stopped in the middle of it.
    rows: lines.filter((line) => line.endsWith("}")).map((line) => JSON.parse(line)),
    add: (row) => appendFileSync(file, `${JSON.stringify(row)}\n`),
  };
}

/**
 * What is known of mutants. One that died stays dead while its text and the spec that noticed it are
 * the same; one that survived is tried again once any of its specs changes.
 * @param hashOf the digest of a spec's text
 */
export function openVerdicts(folder, { fresh, hashOf }) {
  const file = join(folder, "verdicts.jsonl");
  mkdirSync(folder, { recursive: true });
  if (fresh) rmSync(file, { force: true });
  const { rows, add } = openRows(file);
  const known = new Map(rows.map((row) => [row.mutant, row]));
  /** By what was changed: its file may have become another since. */
  const killers = new Map(
    rows
      .filter(({ state, id }) => state === "killed" && id !== undefined)
      .map(({ id, seen }) => [id, Object.keys(seen)[0]]),
  );
  const holds = ({ seen }) => Object.entries(seen).every(([spec, hash]) => hashOf(spec) === hash);
  return {
    /** The specs, as they are now, that a mutant passed. */
    passed(mutant) {
      const { state, seen } = known.get(mutant) ?? {};
      if (state !== "survived") return [];
      return Object.keys(seen).filter((spec) => hashOf(spec) === seen[spec]);
    },
    /** Whether it was tried, or the type checker has let it pass. */
    has: (mutant) => known.has(mutant),
    /** The spec that noticed it, whatever has become of either: it is likely to notice it again. */
    killer(mutant, id) {
      const { state, seen } = known.get(mutant) ?? {};
      return state === "killed" ? Object.keys(seen)[0] : killers.get(id);
    },
    /** @param specs all that may notice it */
    get(mutant, specs) {
      const row = known.get(mutant);
      if (!row || row.state === "typed" || !holds(row)) return undefined;
      return row.state === "survived" && specs.some((spec) => !(spec in row.seen))
        ? undefined
        : row;
    },
    /** @param seen the specs that the verdict rests on */
    set(mutant, verdict, seen) {
      const hashes = Object.fromEntries(seen.map((spec) => [spec, hashOf(spec)]));
      const row = { mutant, ...verdict, seen: hashes };
      known.set(mutant, row);
      add(row);
    },
  };
}

/** How long specs take, as was seen last. */
export function openTimes(folder) {
  const { rows, add } = openRows(join(folder, "times.jsonl"));
  const known = new Map(rows.map(({ spec, seconds }) => [spec, seconds]));
  return {
    get: (spec) => known.get(spec),
    hear(times) {
      for (const [spec, seconds] of Object.entries(times ?? {})) {
        if (known.has(spec)) continue;
        known.set(spec, seconds);
        add({ spec, seconds });
      }
    },
  };
}
