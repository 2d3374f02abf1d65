/**
 * Memory for parts of files, used again while it lives: a fresh array for every part would pile up
 * until the garbage collector sees to it. Weakly held, so that nothing stays when the reading is over.
 */
const idle: WeakRef<ArrayBuffer>[] = [];

/** More than are in use at a time. */
const MOST = 8;

/** A buffer of at least so many bytes, whatever they hold. */
export function borrow(bytes: number): ArrayBuffer {
  for (const [i, reference] of idle.entries()) {
    const buffer = reference.deref();
    // A small part does not take the memory of a large one.
    if (!buffer || buffer.byteLength < bytes || buffer.byteLength > 2 * bytes) continue;
    idle.splice(i, 1);
    return buffer;
  }
  return new ArrayBuffer(bytes);
}

export function giveBack(buffer: ArrayBuffer): void {
  if (buffer.byteLength === 0) return;
  idle.push(new WeakRef(buffer));
  if (idle.length > MOST) idle.shift();
}
