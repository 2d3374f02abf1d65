/** Disjoint runs of bytes in order; those that touch are one. */
export class Runs {
  readonly starts: number[] = [];
  readonly ends: number[] = [];

  add(start: number, end: number): void {
    const { starts, ends } = this;
    const from = firstFrom(ends, start);
    // Most often it is taken already: the upper nodes of a tree hear of everything.
    if ((starts[from] as number) <= start && (ends[from] as number) >= end) return;
    let to = from;
    while (to < starts.length && (starts[to] as number) <= end) to++;
    if (to === from) {
      starts.splice(from, 0, start);
      ends.splice(from, 0, end);
      return;
    }
    starts[from] = Math.min(start, starts[from] as number);
    ends[from] = Math.max(end, ends[to - 1] as number);
    if (to === from + 1) return;
    starts.splice(from + 1, to - from - 1);
    ends.splice(from + 1, to - from - 1);
  }

  /** Whether there is a byte that one of them and this run have in common. */
  meets(start: number, end: number): boolean {
    const index = firstFrom(this.ends, start + 1);
    return index < this.starts.length && (this.starts[index] as number) < end;
  }
}

/** The index of the first number that is at least x, by halving; the length where there is none. */
function firstFrom(sorted: readonly number[], x: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) >= x) high = middle;
    else low = middle + 1;
  }
  return low;
}

function runsOf(nodes: (Runs | undefined)[], node: number): Runs {
  const runs = nodes[node] ?? new Runs();
  nodes[node] = runs;
  return runs;
}

/**
 * Which bytes are taken at which steps: a segment tree over the steps, whose nodes know what is taken
 * during all of their steps (`whole`) and during some (`part`). What is taken side by side is one run,
 * so that a question looks at few, however much there is.
 */
export class Occupancy {
  readonly #leaves: number;
  /** Node 1 is the root; those below node i are 2i and 2i + 1. */
  readonly #whole: (Runs | undefined)[];
  readonly #part: (Runs | undefined)[];
  /** The nodes that some steps are made of, and those above them. */
  readonly #inside: number[] = [];
  readonly #above: number[] = [];
  /** Where runs start that a question has met, and where they end. */
  #starts = new Float64Array(64);
  #ends = new Float64Array(64);
  #met = 0;

  /** @param steps how many there are */
  constructor(steps: number) {
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(1, steps)));
    this.#whole = new Array(2 * this.#leaves);
    this.#part = new Array(2 * this.#leaves);
  }

  /** Takes bytes from step `first` to step `last`, both included. */
  take(first: number, last: number, start: number, end: number): void {
    this.#visit(first, last);
    for (const node of this.#inside) runsOf(this.#whole, node).add(start, end);
    for (const node of this.#above) runsOf(this.#part, node).add(start, end);
  }

  /**
   * The start of the smallest gap that holds so many bytes, more than none, from step `first` to step
   * `last`; the lowest of several, and where all that is taken ends if there is none.
   */
  gap(first: number, last: number, bytes: number): number {
    this.#visit(first, last);
    this.#met = 0;
    for (const node of this.#inside) {
      this.#meet(this.#whole[node]);
      this.#meet(this.#part[node]);
    }
    for (const node of this.#above) this.#meet(this.#whole[node]);
    // Runs of different nodes overlap. In order, the n-th end is that of all before it where the next
    // start, of whichever run, lies behind it: as many have ended as have begun.
    const starts = this.#starts.subarray(0, this.#met).sort();
    const ends = this.#ends.subarray(0, this.#met).sort();
    let [best, least, end] = [-1, Number.POSITIVE_INFINITY, 0];
    for (let i = 0; i < starts.length; i++) {
      const room = (starts[i] as number) - end;
      if (room >= bytes && room < least) {
        best = end;
        least = room;
      }
      end = ends[i] as number;
    }
    return best < 0 ? end : best;
  }

  #meet(runs: Runs | undefined): void {
    if (!runs) return;
    const { starts, ends } = runs;
    const from = this.#met;
    this.#met = from + starts.length;
    if (this.#met > this.#starts.length) {
      this.#starts = grown(this.#starts, this.#met);
      this.#ends = grown(this.#ends, this.#met);
    }
    const [allStarts, allEnds] = [this.#starts, this.#ends];
    for (let i = 0; i < starts.length; i++) {
      allStarts[from + i] = starts[i] as number;
      allEnds[from + i] = ends[i] as number;
    }
  }

  /** Finds the largest nodes that lie within some steps, and all above them. */
  #visit(first: number, last: number): void {
    const [inside, above] = [this.#inside, this.#above];
    inside.length = 0;
    above.length = 0;
    const [from, to] = [this.#leaves + first, this.#leaves + last];
    // Between low and high lies what is not yet part of a node found.
    for (let [low, high] = [from, to]; low <= high; low >>= 1, high >>= 1) {
      if (low & 1) inside.push(low++);
      if (low <= high && !(high & 1)) inside.push(high--);
    }
    // a and b are the nodes above the two ends.
    for (let [a, b, size] = [from, to, 1]; a > 0; a >>= 1, b >>= 1, size *= 2) {
      const isEarly = a * size < from;
      const isLate = (b + 1) * size - 1 > to;
      if (a !== b && isEarly) above.push(a);
      if (isLate || (a === b && isEarly)) above.push(b);
    }
  }
}

function grown(numbers: Float64Array, least: number): Float64Array<ArrayBuffer> {
  const more = new Float64Array(2 * least);
  more.set(numbers);
  return more;
}
