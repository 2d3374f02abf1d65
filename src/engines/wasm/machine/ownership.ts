import type { Heap } from "./heap.ts";

/** A part of the engine's memory, owned by whoever was given it. */
export interface WasmBuffer {
  readonly address: number;
  readonly bytes: number;
}

/** Who may use which part of a heap. */
export interface Ownership {
  own(bytes: number): WasmBuffer;
  /** The same memory for a new owner; the old one has lost it. */
  pass(buffer: WasmBuffer): WasmBuffer;
  free(buffer: WasmBuffer): void;
  /** @throws Error for a buffer that was freed or passed on */
  check(buffer: WasmBuffer): void;
  count(): number;
}

export function createOwnership(heap: Heap): Ownership {
  const live = new Set<WasmBuffer>();
  const give = (address: number, bytes: number): WasmBuffer => {
    const buffer = Object.freeze({ address, bytes });
    live.add(buffer);
    return buffer;
  };
  const take = (buffer: WasmBuffer): void => {
    check(buffer);
    live.delete(buffer);
  };
  const check = (buffer: WasmBuffer): void => {
    if (!live.has(buffer))
      throw new Error("wasm: expected a live buffer, got one that was freed or donated");
  };
  return {
    own: (bytes) => give(heap.allocate(bytes), bytes),
    pass(buffer) {
      take(buffer);
      return give(buffer.address, buffer.bytes);
    },
    free(buffer) {
      take(buffer);
      heap.free(buffer.address);
    },
    check,
    count: () => live.size,
  };
}
