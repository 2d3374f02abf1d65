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

/** Steps of windows, as powers of two: most of what takes bytes lives within a short one, and all of it
 * within the other, which has no end. */
const WINDOWS = [8, 31];

/** Which bytes are taken at which steps. */
export class Occupancy {
  /** What is taken: from which byte to which, and from which step to which, both included. */
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #firsts: number[] = [];
  readonly #lasts: number[] = [];
  /** For windows of each length what is taken at some of their steps, by where it starts. */
  readonly #windows: readonly number[][][] = WINDOWS.map(() => []);

  /**
   * Takes bytes, more than none, from step `first` to step `last`, both included: the smallest gap that
   * holds them, the lowest of several, or what follows all that is taken then if there is none.
   * @returns where they start
   */
  take(first: number, last: number, bytes: number): number {
    const least = WINDOWS.findIndex((shift) => first >> shift === last >> shift);
    const among = this.#window(least, first >> at(WINDOWS, least));
    const start = this.#gap(among, first, last, bytes);
    const taken = this.#starts.push(start) - 1;
    this.#ends.push(start + bytes);
    this.#firsts.push(first);
    this.#lasts.push(last);
    for (const [length, shift] of WINDOWS.entries())
      for (let window = first >> shift; window <= last >> shift; window++)
        this.#insert(this.#window(length, window), taken);
    return start;
  }

  #window(length: number, index: number): number[] {
    const windows = at(this.#windows, length);
    while (windows.length <= index) windows.push([]);
    return at(windows, index);
  }

  /** @param among what is taken, by where it starts: at least all that is from step `first` to `last` */
  #gap(among: readonly number[], first: number, last: number, bytes: number): number {
    const [starts, ends, firsts, lasts] = [this.#starts, this.#ends, this.#firsts, this.#lasts];
    let [best, least, end] = [-1, Number.POSITIVE_INFINITY, 0];
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
