/** How text is cut before byte pair encoding, as tokenizer.json has it: Qwen2's pattern. */
export const SPLIT =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** The same for JavaScript, which lacks `(?i:` on Node 20. */
const pattern = new RegExp(
  SPLIT.replace(
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)",
    "'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])",
  ),
  "gu",
);

/** The words of a text in Unicode's composed form: no token reaches over their ends. */
export const wordsOf = (text: string): readonly string[] =>
  text.normalize("NFC").match(pattern) ?? [];
