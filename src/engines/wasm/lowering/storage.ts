import * as abi from "../../../../kernels/wasm/abi.ts";
import { allocate } from "../../../compile/allocate.ts";
import type { BufferPlan } from "../../../compile/plan.ts";
import { bufferBytes } from "../../../compile/statistics.ts";
import { at } from "../../../tensor/shapes.ts";
import type { Instruction, Write } from "./instruction.ts";

/** Where a buffer lies: a part of the arena, memory of its own, or nowhere if nothing touches it. */
export type Place =
  | { readonly kind: "arena"; readonly offset: number; readonly bytes: number }
  | { readonly kind: "own"; readonly owner: number }
  | { readonly kind: "nowhere" };

export interface Storage {
  readonly places: readonly Place[];
  readonly arenaBytes: number;
}

/** Behind all instructions. */
const NEVER = 2 ** 31 - 1;

/** The first and the last instruction that touches each buffer; NEVER and −1 where none does. */
export interface Lives {
  readonly first: Int32Array;
  readonly last: Int32Array;
}

/** When buffers are in use. @param buffers how many there are */
export function livesOf(instructions: readonly Instruction[], buffers: number): Lives {
  const first = new Int32Array(buffers).fill(NEVER);
  const last = new Int32Array(buffers).fill(-1);
  const touch = (buffer: number, i: number): void => {
    if (first[buffer] === NEVER) first[buffer] = i;
    last[buffer] = i;
  };
  for (let i = 0; i < instructions.length; i++) {
    const { reads, writes, scratch } = at(instructions, i);
    for (const buffer of reads) touch(buffer, i);
    for (const { buffer } of writes) touch(buffer, i);
    if (scratch !== undefined) touch(scratch, i);
  }
  return { first, last };
}

/**
 * Gives temporary buffers parts of one arena by their lifetimes, lets results lie over inputs that
 * die with the instruction, and outputs over donated inputs that are dead when they are written.
 */
export function placeBuffers(
  buffers: readonly BufferPlan[],
  instructions: readonly Instruction[],
): Storage {
  const lives = livesOf(instructions, buffers.length);
  const { first, last } = lives;
  // root[b]: the buffer whose memory b shares.
  const root = buffers.map((_, i) => i);
  const isTemporary = (i: number) => buffers[i]?.kind === "temporary";
  const sizes = buffers.map((buffer) => bufferBytes(buffer));
  const placeOver = ({ buffer, over }: Write, i: number): void => {
    if (over.length === 0 || !isTemporary(buffer) || first[buffer] !== i) return;
    const dying = (x: number) => isTemporary(x) && last[at(root, x)] === i;
    const under = over.find((x) => dying(x) && sizes[x] === sizes[buffer]);
    if (under === undefined) return;
    const base = at(root, under);
    root[buffer] = base;
    last[base] = at(last, buffer);
  };
  instructions.forEach(({ writes }, i) => {
    for (const write of writes) placeOver(write, i);
  });
  const roots: number[] = [];
  for (let i = 0; i < buffers.length; i++)
    if (isTemporary(i) && root[i] === i && at(last, i) >= 0) roots.push(i);
  const requests = roots.map((i) => ({
    bytes: at(sizes, i),
    first: at(first, i),
    last: at(last, i),
  }));
  const { offsets, bytes } = allocate(requests, abi.LINE_BYTES);
  const offsetOf = new Map(roots.map((i, j) => [i, at(offsets, j)]));
  const places = buffers.map((_, i): Place => {
    const offset = offsetOf.get(at(root, i));
    if (offset !== undefined) return { kind: "arena", offset, bytes: at(sizes, i) };
    if (isTemporary(i)) return { kind: "nowhere" };
    return { kind: "own", owner: ownerOf(i, buffers, instructions, lives) };
  });
  return { places, arenaBytes: bytes };
}

/** The donated input whose memory an output takes over, if it is dead by then; else itself. */
function ownerOf(
  output: number,
  buffers: readonly BufferPlan[],
  instructions: readonly Instruction[],
  { first, last }: Lives,
): number {
  const input = buffers[output]?.reuses;
  if (input === undefined) return output;
  const [made, dead] = [at(first, output), at(last, input)];
  const writes = instructions[made]?.writes.find(({ buffer }) => buffer === output);
  const over = writes?.over.includes(input) ?? false;
  return dead < made || (dead === made && over) ? input : output;
}
