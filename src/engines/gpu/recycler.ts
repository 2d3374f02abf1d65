import type { MemoryUse } from "../device.ts";

/** Memory that is given back and taken again, so that a training step allocates nothing. */
export interface Recycler<Item, Size> {
  take(size: Size): Item;
  give(item: Item): void;
  use(): MemoryUse;
  /** Destroys everything, live or idle. */
  clear(): void;
}

interface Allocation<Item, Size> {
  create(size: Size): Item;
  destroy(item: Item): void;
  bytes(size: Size): number;
  /** Items of equal keys stand in for each other. */
  key(size: Size): number;
}

interface Idle<Item> {
  readonly item: Item;
  readonly key: number;
  readonly bytes: number;
}

/** Idle memory is kept up to the most that was ever live; then the longest idle goes. */
export function recycler<Item, Size>(allocation: Allocation<Item, Size>): Recycler<Item, Size> {
  const live = new Map<Item, Idle<Item>>();
  const idle: Idle<Item>[] = [];
  let liveBytes = 0;
  let idleBytes = 0;
  let mostLive = 0;
  let peakBytes = 0;

  function trim(): void {
    while (idleBytes > mostLive) {
      const oldest = idle.shift() as Idle<Item>;
      idleBytes -= oldest.bytes;
      allocation.destroy(oldest.item);
    }
  }

  return {
    take(size) {
      const key = allocation.key(size);
      const at = idle.findLastIndex((entry) => entry.key === key);
      const found = idle[at];
      const bytes = allocation.bytes(size);
      const entry = found ?? { item: allocation.create(size), key, bytes };
      if (found) {
        idle.splice(at, 1);
        idleBytes -= bytes;
      }
      live.set(entry.item, entry);
      liveBytes += bytes;
      mostLive = Math.max(mostLive, liveBytes);
      peakBytes = Math.max(peakBytes, liveBytes + idleBytes);
      return entry.item;
    },
    give(item) {
      const entry = live.get(item);
      if (!entry) return;
      live.delete(item);
      liveBytes -= entry.bytes;
      idle.push(entry);
      idleBytes += entry.bytes;
      trim();
    },
    use: () => ({ bytes: liveBytes + idleBytes, buffers: live.size + idle.length, peakBytes }),
    clear() {
      for (const { item } of [...live.values(), ...idle]) allocation.destroy(item);
      live.clear();
      idle.length = 0;
      liveBytes = 0;
      idleBytes = 0;
    },
  };
}
