import { build, EDGE, edgeBits, FORK, ONE, type Program } from "./automaton.ts";
import { parse } from "./pattern.ts";
import { isWordPoint } from "./text.ts";

/** The bits of the edges that a place is. */
function edgesAt(points: Uint32Array, at: number, multiline: boolean): number {
  const isStart = at === 0 || (multiline && points[at - 1] === 10);
  const isEnd =
    at === points.length || (points[at] === 10 && (multiline || at === points.length - 1));
  const word = wordAt(points, at - 1) === wordAt(points, at) ? "inside" : "boundary";
  return (isStart ? edgeBits.start : 0) | (isEnd ? edgeBits.end : 0) | edgeBits[word];
}

const wordAt = (points: Uint32Array, at: number): boolean =>
  at >= 0 && at < points.length && isWordPoint(points[at] as number);

const NONE = -1;

/**
 * For every place of the text, where the match that begins there ends, or −1. Works from the end
 * of the text to its start, so that each state is asked once a place: the match is the one that
 * backtracking finds first, in steps proportional to states × characters.
 */
function ends(program: Program, points: Uint32Array, multiline: boolean): Int32Array {
  const { codes, start, reads } = program;
  const found = new Int32Array(points.length + 1);
  const nothing = new Uint8Array(codes.length);
  let here = new Int32Array(codes.length);
  let after = new Int32Array(codes.length).fill(NONE);
  for (let at = points.length; at >= 0; at--) {
    const read = at < points.length ? reads(points[at] as number) : nothing;
    stepBack(program, { at, read, edges: edgesAt(points, at, multiline), here, after });
    found[at] = here[start] as number;
    [here, after] = [after, here];
  }
  return found;
}

/** A place of the text, with where matches end that go on from it and from the next place. */
interface Place {
  readonly at: number;
  /** Which states read what stands there. */
  readonly read: Uint8Array;
  /** Bits of `edgeBits`. */
  readonly edges: number;
  /** To be filled in, a state an element. */
  readonly here: Int32Array;
  readonly after: Int32Array;
}

function stepBack(
  { codes, first, second }: Program,
  { at, read, edges, here, after }: Place,
): void {
  for (let s = 0; s < codes.length; s++) {
    const next = first[s] as number;
    const code = codes[s];
    if (code === ONE) here[s] = read[s] === 1 ? (after[next] as number) : NONE;
    else if (code === FORK) {
      const end = here[next] as number;
      here[s] = end === NONE ? (here[second[s] as number] as number) : end;
    } else if (code === EDGE)
      here[s] = (edges & (second[s] as number)) === 0 ? NONE : (here[next] as number);
    else here[s] = at;
  }
}

/** The code points of a text. */
function pointsOf(text: string): Uint32Array {
  const points = new Uint32Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; length++) {
    const point = text.codePointAt(at) as number;
    points[length] = point;
    at += point > 0xffff ? 2 : 1;
  }
  return points.subarray(0, length);
}

/** A pattern from a data file, ready to search texts. */
export interface Pattern {
  /** Number of matches, from left to right without overlap. */
  readonly count: (text: string) => number;
}

/**
 * Makes a pattern of the regular language ready.
 * @throws PatternError for what the language does not have
 */
export function compile(
  source: string,
  { ignoreCase = false, multiline = false }: { ignoreCase?: boolean; multiline?: boolean } = {},
): Pattern {
  const program = build(parse(source, ignoreCase));
  return {
    count: (text) => {
      const points = pointsOf(text);
      const found = ends(program, points, multiline);
      let count = 0;
      for (let at = 0; at <= points.length; ) {
        const end = found[at] as number;
        if (end !== NONE) count++;
        // An empty match may follow right after another one, as in Python ≥ 3.7.
        at = Math.max(end, at + 1);
      }
      return count;
    },
  };
}
