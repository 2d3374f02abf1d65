import type { Recycler } from "./recycler.ts";
import type { BindGroup, BindGroupLayout, RawBuffer, WebGpuDevice } from "./webgpuTypes.ts";

/** A tensor's memory: a buffer, or a window of one. */
export interface Storage {
  /** Equal for the same numbers of the same buffer, and no others, ever. */
  readonly name: string;
  readonly buffer: RawBuffer;
  /** Bytes from the start of the buffer. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  /** The whole buffer, of a window. */
  readonly whole?: Storage;
}

/** Counts who holds a buffer, so that it is given back when the last of its windows is. */
export interface Holders {
  /** @param offset bytes, and so `size` */
  window(of: Storage, offset: number, size: number): Storage;
  give(storage: Storage): void;
}

export function holdersOf(buffers: Pick<Recycler<Storage, number>, "give">): Holders {
  /** Of the buffers that have windows. */
  const holders = new Map<Storage, number>();
  return {
    window(of, offset, size) {
      const whole = of.whole ?? of;
      holders.set(whole, (holders.get(whole) ?? 1) + 1);
      const start = of.offset + offset;
      const name = `${whole.name}[${start}, ${size}]`;
      return { name, buffer: of.buffer, offset: start, size, whole };
    },
    give(storage) {
      const whole = storage.whole ?? storage;
      const left = (holders.get(whole) ?? 1) - 1;
      if (left > 1) holders.set(whole, left);
      else holders.delete(whole);
      if (left === 0) buffers.give(whole);
    },
  };
}

/** How many are kept for a kernel; then the oldest go. */
const MOST = 512;

/**
 * Makes the bind groups of a kernel and keeps them: making one takes longer than all else of a launch,
 * and a step that is repeated wants the same again.
 */
export function bindGroups(
  device: WebGpuDevice,
  layout: BindGroupLayout,
): (operands: readonly Storage[]) => BindGroup {
  const kept = new Map<string, BindGroup>();
  return (operands) => {
    const key = operands.map(({ name }) => name).join();
    const known = kept.get(key);
    if (known) return known;
    const entries = operands.map(({ buffer, offset, size }, binding) => ({
      binding,
      resource: { buffer, offset, size },
    }));
    const group = device.createBindGroup({ layout, entries });
    kept.set(key, group);
    const [oldest] = kept.keys();
    if (kept.size > MOST && oldest !== undefined) kept.delete(oldest);
    return group;
  };
}
