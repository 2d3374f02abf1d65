import { type Edge, type Holds, type Node, PatternError, parse } from "./pattern.ts";
import { foldPoint, isWordPoint } from "./text.ts";

/** One state of the automaton: what it asks for and where it goes then, the better way first. */
type State =
  | { readonly kind: "one"; readonly holds: Holds; readonly next: number }
  | { readonly kind: "edge"; readonly edge: Edge; readonly next: number }
  | { readonly kind: "fork"; readonly first: number; readonly second: number }
  | { readonly kind: "accept" };

interface Automaton {
  readonly states: readonly State[];
  /** Index of the first state. */
  readonly start: number;
  /** All states, each after those that it reaches without reading. */
  readonly order: readonly number[];
}

/** Automata with more states are refused: matching takes states × characters steps. */
const MAX_STATES = 200;

function build(node: Node): Automaton {
  const states: State[] = [{ kind: "accept" }];
  const add = (state: State): number => {
    if (states.length >= MAX_STATES)
      throw new PatternError(`pattern: expected at most ${MAX_STATES} states, got more`);
    return states.push(state) - 1;
  };
  const fork = (into: number, past: number, lazy: boolean): State =>
    lazy
      ? { kind: "fork", first: past, second: into }
      : { kind: "fork", first: into, second: past };

  /** The state that matches `part` and then goes on at `next`. */
  function link(part: Node, next: number): number {
    switch (part.kind) {
      case "one":
        return add({ kind: "one", holds: part.holds, next });
      case "edge":
        return add({ kind: "edge", edge: part.edge, next });
      case "all":
        return part.parts.reduceRight((after, inner) => link(inner, after), next);
      case "any":
        return part.choices
          .map((choice) => link(choice, next))
          .reduceRight((second, first) => add({ kind: "fork", first, second }));
      case "repeat":
        return repeat(part, next);
    }
  }

  function repeat({ part, min, max, lazy }: Node & { kind: "repeat" }, next: number): number {
    let entry = next;
    if (max === Number.POSITIVE_INFINITY) {
      entry = add({ kind: "accept" });
      states[entry] = fork(link(part, entry), next, lazy);
    } else for (let i = min; i < max; i++) entry = add(fork(link(part, entry), next, lazy));
    for (let i = 0; i < min; i++) entry = link(part, entry);
    return entry;
  }

  const start = link(node, 0);
  return { states, start, order: emptyOrder(states) };
}

/** Depth first along the moves that read nothing; they have no cycle, as no empty part repeats. */
function emptyOrder(states: readonly State[]): number[] {
  const order: number[] = [];
  const seen = new Set<number>();
  const visit = (index: number): void => {
    if (seen.has(index)) return;
    seen.add(index);
    const state = states[index] as State;
    if (state.kind === "edge") visit(state.next);
    if (state.kind === "fork") {
      visit(state.first);
      visit(state.second);
    }
    order.push(index);
  };
  states.forEach((_, index) => {
    visit(index);
  });
  return order;
}

const edgeTests: Readonly<
  Record<Edge, (points: Uint32Array, at: number, multiline: boolean) => boolean>
> = {
  start: (points, at, multiline) => at === 0 || (multiline && points[at - 1] === 10),
  end: (points, at, multiline) =>
    at === points.length || (points[at] === 10 && (multiline || at === points.length - 1)),
  boundary: (points, at) => wordAt(points, at - 1) !== wordAt(points, at),
  inside: (points, at) => wordAt(points, at - 1) === wordAt(points, at),
};

const wordAt = (points: Uint32Array, at: number): boolean =>
  at >= 0 && at < points.length && isWordPoint(points[at] as number);

const NONE = -1;

/**
 * For every place of the text, where the match that begins there ends, or −1. Works from the end
 * of the text to its start, so that each state is asked once a place: the match is the one that
 * backtracking finds first, in steps proportional to states × characters.
 */
function ends(
  { states, start, order }: Automaton,
  points: Uint32Array,
  multiline: boolean,
): Int32Array {
  const folded = points.map(foldPoint);
  const found = new Int32Array(points.length + 1);
  let here = new Int32Array(states.length);
  let after = new Int32Array(states.length).fill(NONE);
  const ask = (state: State, at: number): number => {
    switch (state.kind) {
      case "accept":
        return at;
      case "one":
        return at < points.length && state.holds(points[at] as number, folded[at] as number)
          ? (after[state.next] as number)
          : NONE;
      case "edge":
        return edgeTests[state.edge](points, at, multiline) ? (here[state.next] as number) : NONE;
      case "fork":
        return here[state.first] !== NONE
          ? (here[state.first] as number)
          : (here[state.second] as number);
    }
  };
  for (let at = points.length; at >= 0; at--) {
    for (const index of order) here[index] = ask(states[index] as State, at);
    found[at] = here[start] as number;
    [here, after] = [after, here];
  }
  return found;
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
  const automaton = build(parse(source, ignoreCase));
  return {
    count: (text) => {
      const points = pointsOf(text);
      const found = ends(automaton, points, multiline);
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
