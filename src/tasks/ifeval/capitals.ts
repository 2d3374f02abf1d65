import { PYTHON_SPACE } from "../pythonSpace.ts";
import { isUpper, stripEnd } from "./text.ts";

/**
 * What stands between words by the rules of the Penn Treebank: white space, brackets, quotes, most
 * punctuation, `--`, `...`, and a comma or colon unless a digit follows. Hyphens, single dots and
 * apostrophes belong to words.
 */
const BETWEEN = new RegExp(
  `[${PYTHON_SPACE}()\\[\\]{}<>«»“”‘’„\`";@#$%&?!*]|--|\\.\\.+|''|[,:](?!\\p{Nd})`,
  "u",
);

/** What is parted from the end of a word: 's, 'm, 'd, 'll, 're, 've, n't. */
const ENDING = /(?<=[^'])(?:'[smd]|'ll|'re|'ve|n't)$/i;

/** The first of two words written as one. */
const JOINED =
  /^(?:can(?=not$)|d(?='ye$)|gim(?=me$)|gon(?=na$)|got(?=ta$)|lem(?=me$)|wan(?=na$)|'t(?=is$|was$))/i;

/** The two tokens that a word consists of, or the word. */
function tokens(word: string): readonly string[] {
  const bare = stripEnd(word, ".'");
  const cut = ENDING.exec(bare)?.index ?? JOINED.exec(bare)?.[0].length ?? 0;
  return cut === 0 ? [bare] : [bare.slice(0, cut), bare.slice(cut)];
}

/** Number of tokens in capitals: an upper-case letter or more, and no lower-case one. */
export const countCapitalWords = (text: string): number =>
  text
    .split(BETWEEN)
    .filter((word) => word !== word.toLowerCase())
    .reduce((count, word) => count + tokens(word).filter(isUpper).length, 0);
