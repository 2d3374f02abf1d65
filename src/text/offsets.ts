import { DataError } from "../tensor/errors.ts";
import { at } from "../tensor/shapes.ts";

/** From where to where in a text, in UTF-16 units as `slice` counts them; the end is excluded. */
export type Span = readonly [start: number, end: number];

/** A token as far as its place in the text depends on it. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** A token that is found in the text before the others are made. */
  readonly added?: { readonly lstrip: boolean; readonly rstrip: boolean } | undefined;
  /** Stands for characters that the vocabulary lacks. */
  readonly unknown?: boolean;
}

const utf8 = new TextEncoder();
const SPACE = 0x20;
const BLANK = /\s/;

/** The unit at which each byte's character starts, and where the last one ends. */
function unitsOfBytes(text: string, byteLength: number): Int32Array {
  const units = new Int32Array(byteLength + 1);
  let byte = 0;
  for (let unit = 0; unit < text.length; ) {
    const code = text.codePointAt(unit) ?? 0;
    // A lone surrogate becomes U+FFFD, which has three bytes as it would itself.
    const bytes = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    units.fill(unit, byte, byte + bytes);
    byte += bytes;
    unit += code < 0x10000 ? 1 : 2;
  }
  units[byte] = text.length;
  return units;
}

function startsWith(text: Uint8Array, bytes: Uint8Array, from: number): boolean {
  if (from + bytes.length > text.length) return false;
  for (let i = 0; i < bytes.length; i++) if (text[from + i] !== bytes[i]) return false;
  return true;
}

/** Where bytes are found next; -1 if nowhere. */
function indexOf(text: Uint8Array, bytes: Uint8Array, from: number): number {
  for (let i = from; i + bytes.length <= text.length; i++) if (startsWith(text, bytes, i)) return i;
  return -1;
}

/**
 * Walks tokens along a text. What is not in the text takes no room: the beginning-of-sequence token,
 * the space that SentencePiece puts in front; what no token holds is blank and next to a token that
 * swallows blanks.
 */
function walk(text: string, pieces: readonly Piece[]): readonly Span[] | undefined {
  const bytes = utf8.encode(text);
  const units = unitsOfBytes(text, bytes.length);
  const spans: Span[] = [];
  const blanksFrom = (from: number): number => {
    let end = from;
    while (end < bytes.length && BLANK.test(text.charAt(at(units, end)))) end++;
    return end;
  };
  let position = 0;
  for (const [i, piece] of pieces.entries()) {
    const previous = pieces[i - 1];
    const found = place(i, piece, previous, position);
    if (found === undefined) return undefined;
    spans.push([at(units, found.start), endUnit(units, found.end)]);
    position = found.end;
  }
  const rest = pieces.at(-1)?.added?.rstrip ? blanksFrom(position) : position;
  return rest === bytes.length || pieces.at(-1)?.unknown ? spans : undefined;

  /** Whether the tokens up to the next added one stand at a byte as they are. */
  function sectionAt(i: number, from: number): boolean {
    let end = from;
    for (let k = i; k < pieces.length; k++) {
      const piece = at(pieces, k);
      if (piece.added || piece.unknown) break;
      if (!startsWith(bytes, piece.bytes, end)) return false;
      end += piece.bytes.length;
    }
    return true;
  }

  function place(i: number, piece: Piece, previous: Piece | undefined, from: number) {
    const here = (start: number) => ({ start, end: start + piece.bytes.length });
    if (piece.added && startsWith(bytes, piece.bytes, from)) return here(from);
    if (piece.unknown) return { start: from, end: Math.min(from + 1, bytes.length) };
    const opens = !piece.added && (previous === undefined || previous.added !== undefined);
    const mayHavePrefix = opens && piece.bytes[0] === SPACE;
    const swallowed = previous?.added?.rstrip || piece.added?.lstrip;
    for (const start of swallowed ? [blanksFrom(from), from] : [from]) {
      const whole = mayHavePrefix ? sectionAt(i, start) : startsWith(bytes, piece.bytes, start);
      if (whole) return here(start);
      const bare = piece.bytes.subarray(1);
      if (mayHavePrefix && startsWith(bytes, bare, start))
        return { start, end: start + bare.length };
    }
    const next = previous?.unknown ? indexOf(bytes, piece.bytes, from) : -1;
    if (next !== -1) return here(next);
    return piece.added ? { start: from, end: from } : undefined;
  }
}

/** A token that ends inside a character covers all of it. */
function endUnit(units: Int32Array, end: number): number {
  let next = end;
  while (next < units.length - 1 && next > 0 && units[next] === units[next - 1]) next++;
  return at(units, next);
}

/** A character with what composition may join to it: marks, and the vowels and finals of Hangul. */
const CLUSTER = /[^\p{M}\u1160-\u11ff][\p{M}\u1160-\u11ff]*|[\p{M}\u1160-\u11ff]+/gsu;

/** Spans of a text's NFC form, carried over to the text; whole clusters where composition joins. */
function throughNfc(text: string, pieces: readonly Piece[]): readonly Span[] | undefined {
  const normal = text.normalize("NFC");
  const [starts, ends]: [number[], number[]] = [[], []];
  let [unit, joined] = [0, ""];
  for (const [cluster] of text.matchAll(CLUSTER)) {
    const composed = cluster.normalize("NFC");
    for (let i = 0; i < composed.length; i++) {
      starts.push(composed === cluster ? unit + i : unit);
      ends.push(composed === cluster ? unit + i + 1 : unit + cluster.length);
    }
    joined += composed;
    unit += cluster.length;
  }
  if (joined !== normal) return undefined;
  starts.push(unit);
  return walk(normal, pieces)?.map(([from, to]) => [
    at(starts, from),
    to === from ? at(starts, from) : at(ends, to - 1),
  ]);
}

/**
 * Where each token's characters stand, by adding up the tokens' bytes over the whole text. Tokens
 * that share a character both cover it; those that the text does not hold cover nothing.
 * @throws DataError where the tokenizer changes the text in a way that cannot be traced (NFC can)
 */
export function traceOffsets(text: string, pieces: readonly Piece[]): readonly Span[] {
  const direct = walk(text, pieces);
  const spans = direct ?? throughNfc(text, pieces);
  if (spans === undefined)
    throw new DataError(
      "encodeWithOffsets: expected tokens that spell the text, got others: the tokenizer alters it",
    );
  return spans;
}
