/** How rows share sequences: filled best first, or in the order of the rows. */
export type Packing = "bestFit" | "sequential";

/** In order: a row that does not fit any more opens the next sequence. */
function sequential(lengths: readonly number[], capacity: number): number[][] {
  const bins: number[][] = [];
  let room = 0;
  for (const [i, length] of lengths.entries()) {
    if (length > room) {
      bins.push([]);
      room = capacity;
    }
    bins.at(-1)?.push(i);
    room -= length;
  }
  return bins;
}

/**
 * Best-fit decreasing: each row, longest first, goes where the least room is left behind it. Open
 * sequences stand in a list by their room, so that a row costs at most `capacity` looks.
 */
function bestFit(lengths: readonly number[], capacity: number): number[][] {
  const bins: number[][] = [];
  const byRoom: number[][][] = Array.from({ length: capacity + 1 }, () => []);
  const order = lengths.map((_, i) => i);
  order.sort((a, b) => (lengths[b] ?? 0) - (lengths[a] ?? 0) || a - b);
  for (const i of order) {
    const length = lengths[i] ?? 0;
    let room = length;
    while (room < capacity && byRoom[room]?.length === 0) room++;
    let bin = byRoom[room]?.shift();
    if (bin === undefined) {
      bin = [];
      bins.push(bin);
    }
    bin.push(i);
    byRoom[room - length]?.push(bin);
  }
  // Rows keep their order within a sequence, and sequences that of their first rows.
  for (const bin of bins) bin.sort((a, b) => a - b);
  return bins.sort(([a = 0], [b = 0]) => a - b);
}

/**
 * Lays rows into sequences, each whole; the same rows always the same way.
 * @param lengths of the rows, each from 1 to `capacity`
 * @returns indices of the rows of each sequence
 */
export const pack = (
  lengths: readonly number[],
  capacity: number,
  packing: Packing,
): readonly (readonly number[])[] =>
  (packing === "bestFit" ? bestFit : sequential)(lengths, capacity);
