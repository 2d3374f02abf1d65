/** Shorter pieces say nothing to learn from. */
const LEAST = 200;
/** A piece ends at the first empty line behind so many characters. */
const LONG = 4000;
/** Lines from which on a second one is a repetition, not a coincidence. */
const LONG_LINE = 40;

/** Letters, digits and spaces are at least half of what a sentence has; of a drawing they are not. */
function isProse(line: string): boolean {
  const plain = line.match(/[\p{L}\p{N} ]/gu)?.length ?? 0;
  return line.length < LONG_LINE || (2 * plain >= line.length && /\p{L}/u.test(line));
}

/**
 * Cleans texts for training and cuts them into pieces: Unicode's composed form, no control characters,
 * no line of 40 characters or more twice (licences, headings of pages), no drawings, one empty line at
 * a time. In order; the same texts give the same pieces.
 * @param seen long lines of earlier texts, to which these texts' are added
 */
export function* piecesOf(
  texts: Iterable<string>,
  seen: Set<string> = new Set(),
): Generator<string> {
  for (const text of texts) {
    const lines = text
      .normalize("NFC")
      .replace(/\r\n?/g, "\n")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what goes
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f\ufffd]/g, "")
      .split("\n")
      .map((line) => line.trimEnd())
      .filter((line) => {
        if (!isProse(line)) return false;
        const key = line.trim();
        if (key.length < LONG_LINE) return true;
        const isNew = !seen.has(key);
        seen.add(key);
        return isNew;
      });
    yield* cut(lines);
  }
}

function* cut(lines: readonly string[]): Generator<string> {
  let piece: string[] = [];
  let length = 0;
  function* finished(): Generator<string> {
    if (length >= LEAST) yield piece.join("\n").trim();
    [piece, length] = [[], 0];
  }
  for (const line of lines) {
    if (length > LONG && (line === "" || length > 2 * LONG)) yield* finished();
    if (line === "" && (piece.at(-1) ?? "") === "") continue;
    piece.push(line);
    length += line.length + 1;
  }
  yield* finished();
}
