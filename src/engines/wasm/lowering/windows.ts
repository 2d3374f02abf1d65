import type { Instruction } from "./instruction.ts";

/** A part of a buffer, which has an address of its own. */
export interface Window {
  /** Its place in the table of addresses. */
  readonly name: number;
  readonly of: number;
  /** Bytes from the start of the buffer to that of the window. */
  readonly offset: number;
}

/** An instruction that says of the buffers themselves what it does to windows of them. */
export function ofWhole(
  instruction: Instruction,
  windows: ReadonlyMap<number, Window>,
): Instruction {
  if (windows.size === 0) return instruction;
  const { reads, writes } = instruction;
  const isWhole = (name: number): boolean => !windows.has(name);
  // Most touch none.
  if (reads.every(isWhole) && writes.every((x) => isWhole(x.buffer) && x.over.every(isWhole)))
    return instruction;
  const whole = (name: number): number => windows.get(name)?.of ?? name;
  /** Whether a part of it is read, too, which might be written over before. */
  const isReadInPart = (x: number) => reads.some((y) => y !== x && whole(y) === x);
  return {
    ...instruction,
    reads: reads.map(whole),
    writes: writes.map(({ buffer, over }) => ({
      buffer: whole(buffer),
      over: isWhole(buffer) ? over.filter((x) => isWhole(x) && !isReadInPart(x)) : [],
    })),
  };
}
