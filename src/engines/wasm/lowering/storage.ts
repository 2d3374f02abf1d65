import * as abi from "../../../../kernels/wasm/abi.ts";
import { allocate } from "../../../compile/allocate.ts";
import type { BufferPlan } from "../../../compile/plan.ts";
import { bufferBytes } from "../../../compile/statistics.ts";
import { at } from "../../../tensor/shapes.ts";
import { changedBy, type Instruction, type Write } from "./instruction.ts";

/** Where a buffer lies: a part of the arena, memory of its own, or nowhere if nothing touches it. */
export type Place =
  | { readonly kind: "arena"; readonly offset: number; readonly bytes: number }
  | { readonly kind: "own"; readonly owner: number }
  | { readonly kind: "nowhere" };

export interface Storage {
  readonly places: readonly Place[];
  readonly arenaBytes: number;
}

interface Life {
  first: number;
  last: number;
}

function livesOf(instructions: readonly Instruction[], buffers: number): Life[] {
  const lives = Array.from({ length: buffers }, () => ({ first: Infinity, last: -1 }));
  instructions.forEach((instruction, i) => {
    for (const buffer of [...instruction.reads, ...changedBy(instruction)]) {
      const life = at(lives, buffer);
      life.first = Math.min(life.first, i);
      life.last = i;
    }
  });
  return lives;
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
  // root[b]: the buffer whose memory b shares.
  const root = buffers.map((_, i) => i);
  const isTemporary = (i: number) => buffers[i]?.kind === "temporary";
  const bytesOf = (i: number) => bufferBytes(at(buffers, i));
  const sameSize = (a: number, b: number) => bytesOf(a) === bytesOf(b);
  const placeOver = ({ buffer, over }: Write, i: number): void => {
    const life = at(lives, buffer);
    if (!isTemporary(buffer) || life.first !== i) return;
    const dying = (x: number) => isTemporary(x) && lives[at(root, x)]?.last === i;
    const under = over.find((x) => dying(x) && sameSize(x, buffer));
    if (under === undefined) return;
    const base = at(root, under);
    root[buffer] = base;
    at(lives, base).last = life.last;
  };
  instructions.forEach(({ writes }, i) => {
    for (const write of writes) placeOver(write, i);
  });
  const roots = buffers.flatMap((_, i) =>
    isTemporary(i) && root[i] === i && at(lives, i).last >= 0 ? [i] : [],
  );
  const requests = roots.map((i) => ({ ...at(lives, i), bytes: bytesOf(i) }));
  const { offsets, bytes } = allocate(requests, abi.LINE_BYTES);
  const offsetOf = new Map(roots.map((i, j) => [i, at(offsets, j)]));
  const places = buffers.map((_, i): Place => {
    const offset = offsetOf.get(at(root, i));
    if (offset !== undefined) return { kind: "arena", offset, bytes: bytesOf(i) };
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
  lives: readonly Life[],
): number {
  const input = buffers[output]?.reuses;
  if (input === undefined) return output;
  const { first } = at(lives, output);
  const { last } = at(lives, input);
  const writes = instructions[first]?.writes.find(({ buffer }) => buffer === output);
  const over = writes?.over.includes(input) ?? false;
  return last < first || (last === first && over) ? input : output;
}
