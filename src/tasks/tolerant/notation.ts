/** Mathematics as models write it, LaTeX and Unicode, in the characters that parsers read. */

/** A command of LaTeX ends where no letter follows. */
const END = "(?![A-Za-z])";

const REPLACED: readonly (readonly [pattern: RegExp, by: string])[] = [
  [/[\u2212\u2010-\u2015\ufe63\uff0d]/g, "-"],
  [/[\u00d7\u2715\u2716\u2a2f\u2217\uff0a\u22c5\u00b7\u2219\u2022]/g, "*"],
  [new RegExp(`\\\\(?:times|cdot|ast)${END}`, "g"), "*"],
  [/[\u00f7\u2215\u2044\uff0f]/g, "/"],
  [new RegExp(`\\\\div${END}`, "g"), "/"],
  [/\uff0b/g, "+"],
  [/\uff1d/g, "="],
  [/\uff08/g, "("],
  [/\uff09/g, ")"],
  // A comma between thousands, in braces so that LaTeX sets no space behind it.
  [/\{,\}/g, ","],
  [/(\d)\\[,!](?=\d{3}(?!\d))/g, "$1,"],
  [/\\[()[\]]|\$\$|(?<!\\)\$(?=\\)/g, " "],
  [new RegExp(`\\\\(?:left|right|[bB]igg?[lr]?|displaystyle|quad|qquad)${END}`, "g"), " "],
  [/\\[,;:! ]|~/g, " "],
  [/\\([$%&#_])/g, "$1"],
];

const FRACTION = /\\[dtc]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g;
const SHORT_FRACTION = /\\[dtc]?frac\s*(\d)\s*(\d)/g;
const WORDS = /\\(?:text|textbf|textit|mathrm|mathbf|mbox|operatorname|boxed|fbox)\s*\{([^{}]*)\}/g;

/** Fractions within fractions are read to this depth. */
const MAX_DEPTH = 10;

/** Digits as wide as a letter of Chinese, and fractions that are one character. */
const narrow = (text: string): string =>
  text
    .replace(/[\uff10-\uff19]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0))
    .replace(/[\u00bc-\u00be\u2150-\u215e]/g, (one) =>
      one.normalize("NFKC").replace(/(\d+)\u2044(\d+)/, "(($1)/($2))"),
    );

/**
 * A text with `-`, `*`, `/` for every sign that means them, `((a)/(b))` for fractions, and without
 * the commands of LaTeX that only move or set text. Linear in the text.
 */
export function plainMath(text: string): string {
  let plain = REPLACED.reduce((rest, [pattern, by]) => rest.replace(pattern, by), narrow(text));
  plain = plain.replace(SHORT_FRACTION, "(($1)/($2))");
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const inner = plain.replace(WORDS, " $1 ").replace(FRACTION, "(($1)/($2))");
    if (inner === plain) break;
    plain = inner;
  }
  return plain;
}

/** What is in the last complete `boxed{…}`, braces within it counted; undefined without one. */
export function lastBoxed(text: string): string | undefined {
  const BOX = /boxed\s*\{/g;
  let found: string | undefined;
  for (let box = BOX.exec(text); box !== null; box = BOX.exec(text)) {
    const end = closingBrace(text, BOX.lastIndex);
    if (end === undefined) return found;
    found = text.slice(BOX.lastIndex, end);
    BOX.lastIndex = end;
  }
  return found;
}

/** Where the brace before `from` is closed. */
function closingBrace(text: string, from: number): number | undefined {
  const BRACE = /\\?[{}]/g;
  BRACE.lastIndex = from;
  let depth = 1;
  for (let brace = BRACE.exec(text); brace !== null; brace = BRACE.exec(text)) {
    if (brace[0] === "{") depth++;
    if (brace[0] === "}" && --depth === 0) return brace.index;
  }
  return undefined;
}

/** What is between the last `<answer>` and its `</answer>`, or the end of the text. */
export function lastTagged(text: string): string | undefined {
  const start = text.lastIndexOf("<answer>");
  if (start < 0) return undefined;
  const end = text.indexOf("</answer>", start);
  return text.slice(start + 8, end < 0 ? text.length : end);
}
