import { HEAP_START } from "../../../../kernels/wasm/abi.ts";
import { createHeap, type Heap } from "./heap.ts";

const PAGE = 65536;
const MOST_PAGES = 65536;
/** Pages to start with; memory grows by at least as much. */
const FIRST_PAGES = 256;
/** Kernels may read this far past the end of a buffer. */
const MARGIN = 256;

/** The one linear memory of an engine, shared by its threads, with a heap in it. */
export interface Memory {
  readonly memory: WebAssembly.Memory;
  readonly heap: Heap;
  /** Current views; memory that grows makes new ones. */
  floats(): Float32Array;
  words(): Int32Array;
  bytes(): Uint8Array;
}

/** @throws RangeError where not even the first pages can be had */
export function createMemory(shared: boolean): Memory {
  const memory = newMemory(shared);
  let floats = new Float32Array(memory.buffer);
  let words = new Int32Array(memory.buffer);
  let bytes = new Uint8Array(memory.buffer);
  const refresh = (): void => {
    if (floats.buffer === memory.buffer) return;
    floats = new Float32Array(memory.buffer);
    words = new Int32Array(memory.buffer);
    bytes = new Uint8Array(memory.buffer);
  };
  const grow = (wanted: number): number => {
    const pages = memory.buffer.byteLength / PAGE;
    const missing = Math.ceil((wanted + MARGIN) / PAGE) - pages;
    const room = MOST_PAGES - pages;
    const ample = Math.min(room, Math.max(missing, FIRST_PAGES, Math.floor(pages / 4)));
    const grown = missing <= room && (tryGrow(memory, ample) || tryGrow(memory, missing));
    if (!grown)
      throw new RangeError(
        `wasm: expected to need at most ${MOST_PAGES * PAGE} bytes of memory, got ${wanted}` +
          (missing > room
            ? "; addresses of 32 bits reach no further: keep frozen weights in 16 or 8 bits, compute " +
              "blocks again (gradientCheckpointing), take fewer rows at a time, or a GPU"
            : `; the system gives no more than ${pages * PAGE}`),
      );
    return memory.buffer.byteLength - MARGIN;
  };
  return {
    memory,
    heap: createHeap(HEAP_START, memory.buffer.byteLength - MARGIN, grow),
    floats: () => {
      refresh();
      return floats;
    },
    words: () => {
      refresh();
      return words;
    },
    bytes: () => {
      refresh();
      return bytes;
    },
  };
}

function tryGrow(memory: WebAssembly.Memory, pages: number): boolean {
  try {
    memory.grow(pages);
    return true;
  } catch {
    return false;
  }
}

/** The largest maximum that the host accepts: some reserve all of it at once. */
function newMemory(shared: boolean): WebAssembly.Memory {
  for (let maximum = MOST_PAGES; ; maximum /= 2)
    try {
      return new WebAssembly.Memory({ initial: FIRST_PAGES, maximum, shared });
    } catch (error) {
      if (!(error instanceof RangeError) || maximum / 2 < FIRST_PAGES) throw error;
    }
}
