import { plainMath } from "../tolerant/notation.ts";

/** A list's number or mark at the start of a line. */
const MARK = /^(?:\d{1,3}[.)]|[-*\u2022])\s+/;

/** The equations of a sentence, one blank around each sign; names before them stay as they are. */
const spaced = (part: string): string =>
  plainMath(part)
    .replace(/\(mod \d{1,9}\)|\bmod \d{1,9}\b/g, " ")
    .replace(/[ \t]{0,5}([=+*-])[ \t]{0,5}/g, " $1 ")
    .trim();

/** A sentence of a solution as the strict reader wants it; undefined for other talk. */
function sentence(line: string): string | undefined {
  const plain = line
    .trim()
    .replace(MARK, "")
    .replace(/[.;,]$/, "");
  if (!/^define /i.test(plain)) return undefined;
  const [head = "", ...equations] = plain.split(/;\s*/);
  const parts = equations.map((part) => spaced(part).replace(/^so /i, "so "));
  return [`Define ${head.slice(7).trim()}`, ...parts].join("; ");
}

/**
 * A solution in text style as a person reads it: a sentence a line or behind a dot, with list
 * marks, bold type, typographic quotes, signs of LaTeX and Unicode, results that are reduced
 * `(mod 23)`, no blanks around signs, and talk before and after the steps.
 */
export function plainSolution(text: string): string {
  const bare = text.replace(/[\u2018\u2019]/g, "'").replace(/\*\*|`|\$/g, "");
  const sentences = bare.split(/\n+|\.(?=\s|$)/).flatMap((line) => sentence(line) ?? []);
  return `${sentences.join(". ")}.`;
}
