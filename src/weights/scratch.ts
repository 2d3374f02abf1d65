/**
 * Memory for parts of files, used again while it lives: a fresh array for every part would pile up
 * until the garbage collector sees to it. Weakly held, so that nothing stays when the reading is over.
 */
const idle: WeakRef<ArrayBuffer>[] = [];

/** More than are in use at a time. */
const MOST = 8;
/** Smaller ones are not worth keeping. */
const LEAST = 1 << 16;

/** A buffer of at least so many bytes, a power of two of them, whatever they hold. */
export function borrow(bytes: number): ArrayBuffer {
  if (bytes < LEAST) return new ArrayBuffer(Math.ceil(bytes / 8) * 8);
  let best: { readonly buffer: ArrayBuffer; readonly at: number } | undefined;
  for (const [at, reference] of idle.entries()) {
    const buffer = reference.deref();
    if (!buffer || buffer.byteLength < bytes) continue;
    if (!best || buffer.byteLength < best.buffer.byteLength) best = { buffer, at };
  }
  if (!best) return new ArrayBuffer(2 ** Math.ceil(Math.log2(bytes)));
  idle.splice(best.at, 1);
  return best.buffer;
}

export function giveBack(buffer: ArrayBuffer): void {
  if (buffer.byteLength < LEAST) return;
  idle.push(new WeakRef(buffer));
  if (idle.length > MOST) idle.shift();
}
