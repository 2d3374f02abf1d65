import { at } from "../tensor/shapes.ts";

/** Nodes put together. */
export interface Block {
  readonly nodes: readonly number[];
}

/** A block in the list of all, of which each stands behind those it depends on. */
interface Listed extends Block {
  nodes: number[];
  /** Grows along the list. */
  label: number;
  previous: Listed | undefined;
  next: Listed | undefined;
}

/** Before the labels' precision ends. */
const LEAST_GAP = 2 ** -20;

/** The nodes that each node depends on, or those that depend on it. */
type Edges = readonly (readonly number[])[];

/** A search for a way from some blocks back to them through others, along or against the edges. */
interface Search {
  readonly edges: Edges;
  readonly seen: Set<Listed>;
  readonly waiting: Listed[];
}

/** Blocks that are to become one, and the part of the list that they span. */
interface Span {
  readonly blocks: ReadonlySet<Listed>;
  readonly from: number;
  readonly to: number;
}

/**
 * A directed acyclic graph whose nodes are put together into blocks, as long as the graph of the
 * blocks has no cycle either. The blocks are kept in a topological order: to see whether some can be
 * put together, only what stands between them in that order is searched, from both sides at once.
 * @see https://doi.org/10.1145/1187436.1210590 (Pearce and Kelly, 2007)
 */
export class QuotientGraph {
  readonly #before: Edges;
  readonly #after: Edges;
  readonly #blockOf: Listed[] = [];
  readonly #leastGap: number;

  /**
   * @param before the nodes that each node depends on, all of them smaller than itself
   * @param leastGap labels closer to each other are counted anew
   */
  constructor(before: Edges, leastGap: number = LEAST_GAP) {
    this.#leastGap = leastGap;
    this.#before = before;
    const after = before.map((): number[] => []);
    before.forEach((nodes, i) => {
      for (const node of nodes) at(after, node).push(i);
    });
    this.#after = after;
    let previous: Listed | undefined;
    before.forEach((_, i) => {
      const block: Listed = { nodes: [i], label: i, previous, next: undefined };
      if (previous) previous.next = block;
      this.#blockOf.push(block);
      previous = block;
    });
  }

  blockOf(node: number): Block {
    return at(this.#blockOf, node);
  }

  /**
   * Puts blocks together, where nothing outside depends on one of them and has one depend on it.
   * @param nodes of the blocks
   * @returns the block of all, or undefined where a cycle would arise
   */
  merge(nodes: readonly number[]): Block | undefined {
    const blocks = new Set(nodes.map((node) => at(this.#blockOf, node)));
    const inOrder = [...blocks].sort((a, b) => a.label - b.label);
    const [first, last] = [at(inOrder, 0), at(inOrder, inOrder.length - 1)];
    if (first === last) return first;
    // Nothing stands between two neighbours.
    if (first.next === last) return this.#joined(inOrder, first);
    const found = this.#between({ blocks, from: first.label, to: last.label });
    if (!found) return undefined;
    // What the blocks depend on goes before the first of them, or what depends on them behind the last.
    const isBefore = found.edges === this.#before;
    const place = isBefore ? first : last;
    const moved = [...found.seen].sort((a, b) => a.label - b.label);
    for (const block of moved) unlink(block);
    if (isBefore) this.#insert(place.previous, moved, place);
    else this.#insert(place, moved, place.next);
    return this.#joined(inOrder, place);
  }

  /**
   * What stands between the first and the last block, outside them, and is depended on by one of them,
   * or depends on one; the smaller of the two, about. Undefined where something does both.
   */
  #between(span: Span): Search | undefined {
    const back: Search = { edges: this.#before, seen: new Set(), waiting: [] };
    const forth: Search = { edges: this.#after, seen: new Set(), waiting: [] };
    for (const block of span.blocks) {
      // The edges between the blocks themselves make no cycle.
      this.#look(back, span, block);
      this.#look(forth, span, block);
    }
    for (;;) {
      const before = back.waiting.pop();
      if (!before) return back;
      if (this.#look(back, span, before)) return undefined;
      const after = forth.waiting.pop();
      if (!after) return forth;
      if (this.#look(forth, span, after)) return undefined;
    }
  }

  /** Adds what a block leads to within the span to a search. @returns whether one of its blocks is met */
  #look({ edges, seen, waiting }: Search, { blocks, from, to }: Span, block: Listed): boolean {
    let meets = false;
    // Most of a merge: counted, because an iterator's results would be its largest part.
    for (let i = 0; i < block.nodes.length; i++) {
      const neighbours = edges[block.nodes[i] as number] as readonly number[];
      for (let j = 0; j < neighbours.length; j++) {
        const next = this.#blockOf[neighbours[j] as number] as Listed;
        if (next === block || next.label < from || next.label > to || seen.has(next)) continue;
        if (blocks.has(next)) {
          meets = true;
          continue;
        }
        seen.add(next);
        waiting.push(next);
      }
    }
    return meets;
  }

  /** Links blocks between two neighbours, with labels between theirs. */
  #insert(previous: Listed | undefined, blocks: readonly Listed[], next: Listed | undefined): void {
    if (blocks.length === 0) return;
    const low = previous?.label ?? (next?.label ?? 0) - 1 - blocks.length;
    const high = next?.label ?? low + 1 + blocks.length;
    const gap = (high - low) / (blocks.length + 1);
    let before = previous;
    blocks.forEach((block, i) => {
      block.previous = before;
      if (before) before.next = block;
      block.label = low + gap * (i + 1);
      before = block;
    });
    if (before) before.next = next;
    if (next) next.previous = before;
    if (gap < this.#leastGap) this.#relabel(next ?? previous);
  }

  /** Counts the list anew. */
  #relabel(block: Listed | undefined): void {
    let first = block;
    while (first?.previous) first = first.previous;
    for (let [x, i] = [first, 0]; x; x = x.next) x.label = i++;
  }

  /** One block of all at the place of one of them. */
  #joined(blocks: readonly Listed[], place: Listed): Block {
    const largest = blocks.reduce((a, b) => (b.nodes.length > a.nodes.length ? b : a), place);
    for (const block of blocks) {
      if (block !== place) unlink(block);
      if (block === largest) continue;
      for (const node of block.nodes) {
        this.#blockOf[node] = largest;
        largest.nodes.push(node);
      }
    }
    if (largest === place) return place;
    const { label, previous, next } = place;
    Object.assign(largest, { label, previous, next });
    if (previous) previous.next = largest;
    if (next) next.previous = largest;
    return largest;
  }
}

function unlink({ previous, next }: Listed): void {
  if (previous) previous.next = next;
  if (next) next.previous = previous;
}
