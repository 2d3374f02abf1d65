/** A free-list allocator over a range of addresses that can grow at its end. */
export interface Heap {
  /** @returns the address of at least `bytes` bytes, a multiple of 64 */
  allocate(bytes: number): number;
  /** @throws Error for an address that is not allocated */
  free(address: number): void;
  /** Bytes allocated now. */
  bytes(): number;
  peakBytes(): number;
}

interface Gap {
  address: number;
  bytes: number;
}

const UNIT = 64;
const align = (bytes: number): number => Math.max(UNIT, Math.ceil(bytes / UNIT) * UNIT);

/**
 * @param start first address, a multiple of 64
 * @param end the address after the last
 * @param grow makes the range end at `wanted` or later and returns its end; throws when it cannot
 */
export function createHeap(start: number, end: number, grow: (wanted: number) => number): Heap {
  const sizes = new Map<number, number>();
  const gaps: Gap[] = [{ address: start, bytes: end - start }]; // by address, never touching
  let limit = end;
  let bytes = 0;
  let peakBytes = 0;

  function addGap(gap: Gap): void {
    const at = gaps.findIndex(({ address }) => address > gap.address);
    const index = at < 0 ? gaps.length : at;
    const before = gaps[index - 1];
    const after = gaps[index];
    const touches = before !== undefined && before.address + before.bytes === gap.address;
    const merged = touches ? before : gap;
    if (touches) merged.bytes += gap.bytes;
    const closes = after !== undefined && merged.address + merged.bytes === after.address;
    if (closes) merged.bytes += after.bytes;
    if (touches) gaps.splice(index, closes ? 1 : 0);
    else gaps.splice(index, closes ? 1 : 0, gap);
  }

  function tightest(wanted: number): number {
    let best = -1;
    for (let i = 0; i < gaps.length; i++) {
      const room = (gaps[i] as Gap).bytes;
      if (room >= wanted && (best < 0 || room < (gaps[best] as Gap).bytes)) best = i;
    }
    return best;
  }

  function extend(wanted: number): void {
    const last = gaps.at(-1);
    const tail = last && last.address + last.bytes === limit ? last.bytes : 0;
    const grown = Math.floor(grow(limit + wanted - tail) / UNIT) * UNIT;
    addGap({ address: limit, bytes: grown - limit });
    limit = grown;
  }

  return {
    allocate(asked) {
      const size = align(asked);
      if (tightest(size) < 0) extend(size);
      const index = tightest(size);
      const gap = gaps[index] as Gap;
      const { address } = gap;
      gap.address += size;
      gap.bytes -= size;
      if (gap.bytes === 0) gaps.splice(index, 1);
      sizes.set(address, size);
      bytes += size;
      peakBytes = Math.max(peakBytes, bytes);
      return address;
    },
    free(address) {
      const size = sizes.get(address);
      if (size === undefined)
        throw new Error(`heap: expected an allocated address, got ${address}`);
      sizes.delete(address);
      bytes -= size;
      addGap({ address, bytes: size });
    },
    bytes: () => bytes,
    peakBytes: () => peakBytes,
  };
}

/**
 * Allocates what belongs together: all of it, or nothing where `make` throws, as for want of memory.
 * @returns what `make` made of it, and what frees all
 */
export function allocateTogether<T>(
  heap: Heap,
  make: (allocate: Heap["allocate"]) => T,
): { readonly made: T; free(): void } {
  const held: number[] = [];
  const free = (): void => {
    for (const address of held) heap.free(address);
  };
  const allocate = (bytes: number): number => {
    const address = heap.allocate(bytes);
    held.push(address);
    return address;
  };
  try {
    return { made: make(allocate), free };
  } catch (error) {
    free();
    throw error;
  }
}

/**
 * Scratch memory that all programs use in turn; as large as the largest needs.
 * @returns the address of at least so many bytes, at any call; the address before is no more
 */
export function createArena(heap: Heap): (bytes: number) => number {
  type Part = { readonly address: number; readonly bytes: number };
  let held: Part | undefined = { address: heap.allocate(0), bytes: 0 };
  return (bytes) => {
    if (held && bytes <= held.bytes) return held.address;
    const before = held;
    // Where there is no more memory, the next call finds none to free.
    held = undefined;
    if (before) heap.free(before.address);
    held = { address: heap.allocate(bytes), bytes };
    return held.address;
  };
}
