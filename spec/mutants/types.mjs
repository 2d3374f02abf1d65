import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** `src/file.ts(12,5): error TS2345: …` */
const FAULT = /^(\S+)\((\d+),\d+\): error (TS\d+: .*)$/gm;

/** What is no fault of a mutant: `if (…);`, which stands where a call was removed. */
const STYLE = /^TS1313:/;
const FLAGS = [
  ...["--noUnusedLocals", "false", "--noUnusedParameters", "false"],
  "--allowUnreachableCode",
];

/** What the type checker says of a tree. */
function faultsOf(folder) {
  const tsc = join(folder, "node_modules/.bin/tsc");
  // From one round to the next only what was changed is looked at, and what uses its types.
  const incremental = ["--incremental", "--tsBuildInfoFile", join(folder, "mutants.tsbuildinfo")];
  const flags = ["-p", ".", "--pretty", "false", ...FLAGS, ...incremental];
  try {
    execFileSync(tsc, flags, { cwd: folder, stdio: "pipe" });
    return [];
  } catch (error) {
    return [...`${error.stdout}`.matchAll(FAULT)]
      .map(([, file, line, what]) => ({ file, line: Number(line), what }))
      .filter(({ what }) => !STYLE.test(what));
  }
}

/** Mutants in rounds, no two of a round in a file: what one does to a type may show anywhere in it. */
function inRounds(mutants) {
  const rounds = [];
  for (const mutant of mutants) {
    const free = rounds.find((round) => !round.has(mutant.file));
    if (free) free.set(mutant.file, mutant);
    else rounds.push(new Map([[mutant.file, mutant]]));
  }
  return rounds;
}

/** Whether a fault lies on the lines that a mutant changed, or where the declaration that holds them begins. */
function isAt({ line }, { line: from, start, by, text }) {
  const before = text.slice(0, start).split("\n");
  const declared = before.findLastIndex((one) => /^(export |const |function )/.test(one)) + 1;
  const changed = text.slice(start, start + by.length).split("\n").length;
  return line === declared || (line >= from && line < from + changed);
}

/**
 * Which mutants the type checker refuses in their declaration: nobody could commit them. Many are tried at
 * once, one in each file.
 * @param folder a copy of the tree, which is as it was afterwards
 * @returns what it says of each that it refuses
 */
export function refusedByTypes(folder, mutants) {
  const refused = new Map();
  for (const round of inRounds(mutants)) {
    const sources = [...round.keys()].map((file) => [
      file,
      readFileSync(join(folder, file), "utf8"),
    ]);
    for (const { file, text } of round.values()) writeFileSync(join(folder, file), text);
    for (const fault of faultsOf(folder)) {
      const mutant = round.get(fault.file);
      if (mutant && isAt(fault, mutant)) refused.set(mutant, fault.what);
    }
    for (const [file, source] of sources) writeFileSync(join(folder, file), source);
  }
  return refused;
}
