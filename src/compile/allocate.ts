import { Occupancy } from "./occupancy.ts";

/** Something that needs memory from step `first` to step `last`, both included. */
export interface Request {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface Allocation {
  /** Offset of each request, in bytes. */
  readonly offsets: readonly number[];
  /** Bytes that hold them all. */
  readonly bytes: number;
}

/**
 * Places requests in one block of memory so that no two that live at the same time overlap. The
 * largest are placed first, each in the tightest gap between those it meets, the lowest of several.
 * @param alignment offsets are multiples of it
 * @see https://arxiv.org/abs/2001.03288 (greedy by size, Pisarchyk and Lee)
 */
export function allocate(requests: readonly Request[], alignment: number): Allocation {
  // Counted in units of the alignment: addresses of gigabytes stay small integers, which are quick.
  const order = requests
    .map(({ bytes, first, last }, index) => {
      return { units: Math.ceil(bytes / alignment), first, last, index };
    })
    .filter(({ units }) => units > 0)
    .sort((a, b) => b.units - a.units || a.first - b.first || a.index - b.index);
  const offsets = new Array<number>(requests.length).fill(0);
  const occupancy = new Occupancy();
  let total = 0;
  for (const { units, first, last, index } of order) {
    const start = occupancy.take(first, last, units);
    offsets[index] = start * alignment;
    total = Math.max(total, start + units);
  }
  return { offsets, bytes: total * alignment };
}
