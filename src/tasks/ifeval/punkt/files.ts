import { DataError } from "../../../tensor/errors.ts";
import type { PunktParameters } from "./punkt.ts";

/** The contents of the files of a language in NLTK's `punkt_tab`, which a user may download. */
export interface PunktFiles {
  /** `abbrev_types.txt`: a word a line. */
  readonly abbreviations: string;
  /** `collocations.tab`: two words a line. */
  readonly collocations: string;
  /** `sent_starters.txt`: a word a line. */
  readonly starters: string;
  /** `ortho_context.tab`: a word and a number a line. */
  readonly contexts: string;
}

const lines = (file: string): readonly string[] =>
  file
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .filter((line) => line !== "");

function cells(file: string, name: string): readonly (readonly [string, string])[] {
  return lines(file).map((line) => {
    const [first, second, ...rest] = line.split("\t");
    if (first === undefined || second === undefined || rest.length > 0)
      throw new DataError(`${name}: expected two cells with a tab between, got ${line}`);
    return [first, second];
  });
}

/** Parameters that were learned from a corpus. @throws DataError for a malformed line */
export const readPunkt = (files: PunktFiles): PunktParameters => ({
  abbreviations: new Set(lines(files.abbreviations)),
  collocations: new Set(cells(files.collocations, "collocations").map((pair) => pair.join("\t"))),
  starters: new Set(lines(files.starters)),
  contexts: new Map(
    cells(files.contexts, "contexts").map(([word, bits]) => {
      const value = Number(bits);
      if (!Number.isInteger(value))
        throw new DataError(`contexts: expected an integer for ${word}, got ${bits}`);
      return [word, value];
    }),
  ),
});
