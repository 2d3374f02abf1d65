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
 * largest are placed first, each in the tightest gap between those it meets.
 * @param alignment offsets are multiples of it
 * @see https://arxiv.org/abs/2001.03288 (greedy by size, Pisarchyk and Lee)
 */
export function allocate(requests: readonly Request[], alignment: number): Allocation {
  const align = (bytes: number) => Math.ceil(bytes / alignment) * alignment;
  const offsets = new Array<number>(requests.length).fill(0);
  const order = requests
    .map((request, index) => ({ ...request, bytes: align(request.bytes), index }))
    .sort((a, b) => b.bytes - a.bytes || a.first - b.first || a.index - b.index);
  const placed: Placed[] = []; // by offset
  let bytes = 0;
  for (const request of order) {
    const meets = placed.filter((p) => p.first <= request.last && request.first <= p.last);
    const offset = tightestGap(meets, request.bytes);
    offsets[request.index] = offset;
    const at = placed.findIndex((p) => p.offset > offset);
    placed.splice(at < 0 ? placed.length : at, 0, { ...request, offset });
    bytes = Math.max(bytes, offset + request.bytes);
  }
  return { offsets, bytes };
}

interface Placed extends Request {
  readonly offset: number;
}

/** Start of the smallest gap between blocks, sorted by offset, that holds `bytes`. */
function tightestGap(blocks: readonly Placed[], bytes: number): number {
  let best = { offset: 0, room: Number.POSITIVE_INFINITY };
  let end = 0;
  for (const block of blocks) {
    const room = block.offset - end;
    if (room >= bytes && room < best.room) best = { offset: end, room };
    end = Math.max(end, block.offset + block.bytes);
  }
  return best.room < Number.POSITIVE_INFINITY ? best.offset : end;
}
