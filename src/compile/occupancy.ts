import { at } from "../tensor/shapes.ts";

/** Disjoint runs of bytes in order; those that touch are one. */
export class Runs {
  readonly starts: number[] = [];
  readonly ends: number[] = [];

  add(start: number, end: number): void {
    const { starts, ends } = this;
    const from = firstFrom(ends, start);
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

/** Steps of a window, as a power of two: most of what takes bytes lives within one. */
const WINDOW = 8;

/**
 * Which bytes are taken at which steps. It is quick where requests come in runs of later and later first
 * steps: what has ended before one of them is left out for the others.
 */
export class Occupancy {
  /** What is taken: from which byte to which, and from which step to which, both included. */
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #firsts: number[] = [];
  readonly #lasts: number[] = [];
  /** By where it starts: all of it, and for each window of steps what is taken at some of them. */
  readonly #all: number[] = [];
  readonly #windows: number[][] = [];
  /** All but what ends before the window of the last request that took more than one. */
  #left: number[] = [];
  #from = 0;

  /**
   * Takes bytes, more than none, from step `first` to step `last`, both included: the smallest gap that
   * holds them, the lowest of several, or what follows all that is taken then if there is none.
   * @returns where they start
   */
  take(first: number, last: number, bytes: number): number {
    const [from, to] = [first >> WINDOW, last >> WINDOW];
    const among = from === to ? this.#window(from) : this.#leftFrom(from);
    const start = this.#gap(among, first, last, bytes);
    const taken = this.#starts.push(start) - 1;
    this.#ends.push(start + bytes);
    this.#firsts.push(first);
    this.#lasts.push(last);
    this.#insert(this.#all, taken);
    this.#insert(this.#left, taken);
    for (let window = from; window <= to; window++) this.#insert(this.#window(window), taken);
    return start;
  }

  #window(index: number): number[] {
    while (this.#windows.length <= index) this.#windows.push([]);
    return at(this.#windows, index);
  }

  #leftFrom(window: number): readonly number[] {
    if (window === this.#from) return this.#left;
    const before = window < this.#from ? this.#all : this.#left;
    this.#left = before.filter((taken) => at(this.#lasts, taken) >> WINDOW >= window);
    this.#from = window;
    return this.#left;
  }

  /** @param among what is taken, by where it starts: at least all that is from step `first` to `last` */
  #gap(among: readonly number[], first: number, last: number, bytes: number): number {
    const [starts, ends, firsts, lasts] = [this.#starts, this.#ends, this.#firsts, this.#lasts];
    let [best, least, end] = [-1, Number.MAX_SAFE_INTEGER, 0];
    for (let i = 0; i < among.length; i++) {
      const taken = among[i] as number;
      if ((firsts[taken] as number) > last || (lasts[taken] as number) < first) continue;
      const room = (starts[taken] as number) - end;
      if (room >= bytes && room < least) {
        if (room === bytes) return end; // None is tighter.
        best = end;
        least = room;
      }
      if ((ends[taken] as number) > end) end = ends[taken] as number;
    }
    return best < 0 ? end : best;
  }

  #insert(among: number[], taken: number): void {
    const start = this.#starts[taken] as number;
    let [low, high] = [0, among.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#starts[among[middle] as number] as number) >= start) high = middle;
      else low = middle + 1;
    }
    among.splice(low, 0, taken);
  }
}
