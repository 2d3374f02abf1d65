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

interface Entry<Item> {
  readonly item: Item;
  readonly key: number;
  readonly bytes: number;
  /** In the order of creation. */
  readonly age: number;
}

/**
 * Of what is idle the oldest is taken, so that a step that is repeated gets the same memory in the
 * same places. Since sizes differ, a step may need more than is ever live at once: idle memory is
 * kept up to twice that; then the longest idle goes.
 */
export function recycler<Item, Size>(allocation: Allocation<Item, Size>): Recycler<Item, Size> {
  const live = new Map<Item, Entry<Item>>();
  const idle: Entry<Item>[] = [];
  let liveBytes = 0;
  let idleBytes = 0;
  let mostLive = 0;
  let peakBytes = 0;
  let created = 0;

  function trim(): void {
    while (idleBytes > 2 * mostLive) {
      const longest = idle.shift() as Entry<Item>;
      idleBytes -= longest.bytes;
      allocation.destroy(longest.item);
    }
  }

  return {
    take(size) {
      const key = allocation.key(size);
      const found = oldest(idle, key);
      const bytes = allocation.bytes(size);
      const entry = found ?? { item: allocation.create(size), key, bytes, age: created++ };
      if (found) {
        idle.splice(idle.indexOf(found), 1);
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

function oldest<Item>(entries: readonly Entry<Item>[], key: number): Entry<Item> | undefined {
  let found: Entry<Item> | undefined;
  for (const entry of entries)
    if (entry.key === key && (found === undefined || entry.age < found.age)) found = entry;
  return found;
}
