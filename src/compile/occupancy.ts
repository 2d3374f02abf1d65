import { at } from "../tensor/shapes.ts";

/** Disjoint runs of bytes in order; those that touch are one. */
export class Runs {
  readonly starts: number[] = [];
  readonly ends: number[] = [];

  add(start: number, end: number): void {
    const { starts, ends } = this;
    const from = firstFrom(ends, start);
    let to = from;
    while (to < starts.length && at(starts, to) <= end) to++;
    if (to === from) {
      starts.splice(from, 0, start);
      ends.splice(from, 0, end);
      return;
    }
    starts[from] = Math.min(start, at(starts, from));
    ends[from] = Math.max(end, at(ends, to - 1));
    if (to === from + 1) return;
    starts.splice(from + 1, to - from - 1);
    ends.splice(from + 1, to - from - 1);
  }

  /** Whether there is a byte that one of them and this run have in common. */
  meets(start: number, end: number): boolean {
    const index = firstFrom(this.ends, start + 1);
    return index < this.starts.length && at(this.starts, index) < end;
  }

  addAll({ starts, ends }: Runs): void {
    for (let i = 0; i < starts.length; i++) this.add(at(starts, i), at(ends, i));
  }
}

/** The index of the first number that is at least x, by halving; the length where there is none. */
function firstFrom(sorted: readonly number[], x: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(sorted, middle) >= x) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Which bytes are taken at which steps: a segment tree over the steps, whose nodes know what is taken
 * during all of their steps (`whole`) and during some (`part`). What is taken side by side is one run,
 * so that a question looks at few, however much there is.
 */
export class Occupancy {
  readonly #leaves: number;
  readonly #whole: (Runs | undefined)[];
  readonly #part: (Runs | undefined)[];

  /** @param steps how many there are */
  constructor(steps: number) {
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(1, steps)));
    this.#whole = new Array(2 * this.#leaves);
    this.#part = new Array(2 * this.#leaves);
  }

  /** Takes bytes from step `first` to step `last`, both included. */
  take(first: number, last: number, start: number, end: number): void {
    this.#visit(first, last, 1, 0, this.#leaves, (node, isWhole) => {
      const runs = isWhole ? this.#whole : this.#part;
      const known = runs[node] ?? new Runs();
      known.add(start, end);
      runs[node] = known;
    });
  }

  /** What is taken at any step from `first` to `last`. */
  taken(first: number, last: number): Runs {
    const all = new Runs();
    this.#visit(first, last, 1, 0, this.#leaves, (node, isWhole) => {
      const [whole, part] = [this.#whole[node], isWhole ? this.#part[node] : undefined];
      if (whole) all.addAll(whole);
      if (part) all.addAll(part);
    });
    return all;
  }

  /** The largest nodes that lie within some steps, and all above them. */
  #visit(
    first: number,
    last: number,
    node: number,
    from: number,
    size: number,
    act: (node: number, isWhole: boolean) => void,
  ): void {
    if (last < from || from + size <= first) return;
    const isWhole = first <= from && from + size - 1 <= last;
    act(node, isWhole);
    if (isWhole) return;
    this.#visit(first, last, 2 * node, from, size / 2, act);
    this.#visit(first, last, 2 * node + 1, from + size / 2, size / 2, act);
  }
}
