import { type Edge, type Holds, type Node, PatternError } from "./pattern.ts";
import { foldPoint } from "./text.ts";

/** One state of the automaton: what it asks for and where it goes then, the better way first. */
type State =
  | { readonly kind: "one"; readonly holds: Holds; readonly next: number }
  | { readonly kind: "edge"; readonly edge: Edge; readonly next: number }
  | { readonly kind: "fork"; readonly first: number; readonly second: number }
  | { readonly kind: "accept" };

/** Automata with more states are refused: matching takes states × characters steps. */
const MAX_STATES = 150;

/** The automaton of a pattern. @throws PatternError for one that is too large */
export function build(node: Node): Program {
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
  return programOf(states, start);
}

/** An automaton as flat arrays: matching is all loops over them. */
export interface Program {
  /** What each state is, of the codes below; each state after those that it reaches without
   * reading. */
  readonly codes: Uint8Array;
  /** Where a state goes then, or its better way. */
  readonly first: Int32Array;
  /** The other way of a fork; the bit of an edge. */
  readonly second: Int32Array;
  readonly start: number;
  /** For a code point, 1 for each state that reads it. */
  readonly reads: (point: number) => Uint8Array;
}

/** Codes of states: reads a character, is at an edge, goes two ways; 0 accepts. */
export const ONE = 1;
export const EDGE = 2;
export const FORK = 3;

function programOf(states: readonly State[], start: number): Program {
  const order = emptyOrder(states);
  const placeOf = new Int32Array(states.length);
  for (const [place, index] of order.entries()) placeOf[index] = place;
  const sorted = order.map((index) => states[index] as State);
  const goesTo = (state: State): number =>
    state.kind === "fork" ? state.first : state.kind === "accept" ? 0 : state.next;
  return {
    codes: Uint8Array.from(sorted, ({ kind }) => ["accept", "one", "edge", "fork"].indexOf(kind)),
    first: Int32Array.from(sorted, (state) => placeOf[goesTo(state)] as number),
    second: Int32Array.from(sorted, (state) =>
      state.kind === "fork"
        ? (placeOf[state.second] as number)
        : state.kind === "edge"
          ? edgeBits[state.edge]
          : 0,
    ),
    start: placeOf[start] as number,
    reads: readers(sorted),
  };
}

/** What `Program.reads` says, each code point's answer kept. */
function readers(states: readonly State[]): Program["reads"] {
  const known = new Map<number, Uint8Array>();
  return (point) => {
    const found = known.get(point);
    if (found !== undefined) return found;
    const folded = foldPoint(point);
    const row = Uint8Array.from(states, (state) =>
      state.kind === "one" && state.holds(point, folded) ? 1 : 0,
    );
    known.set(point, row);
    return row;
  };
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

/** An edge as a bit. */
export const edgeBits: Readonly<Record<Edge, number>> = {
  start: 1,
  end: 2,
  boundary: 4,
  inside: 8,
};
