import * as abi from "../../../kernels/wasm/abi.ts";
import type { Instruction } from "./instruction.ts";
import type { Place } from "./storage.ts";

/** Instructions between two barriers. */
export interface Phase {
  /** Independent, and shared by the threads; otherwise one thread runs them in order. */
  readonly parallel: boolean;
  readonly instructions: readonly Instruction[];
}

/** Groups instructions into phases, in order: small ones together for one thread, and neighbours
 * that do not depend on each other together for all. */
export function phasesOf(
  instructions: readonly Instruction[],
  places: readonly Place[],
  threads: number,
): Phase[] {
  if (threads === 1) return [{ parallel: false, instructions }];
  const phases: { parallel: boolean; instructions: Instruction[] }[] = [];
  for (const instruction of instructions) {
    const phase = phases.at(-1);
    const small = instruction.tasks <= 1;
    const joins = phase?.parallel
      ? phase.instructions.every((earlier) => independent(earlier, instruction, places))
      : small;
    if (phase && joins) phase.instructions.push(instruction);
    else phases.push({ parallel: !small, instructions: [instruction] });
  }
  return phases;
}

function independent(a: Instruction, b: Instruction, places: readonly Place[]): boolean {
  const meet = (x: number, y: number) => overlap(places[x] as Place, places[y] as Place);
  const sameResult = a.writes === b.writes && b.continues;
  return (
    (sameResult || !meet(a.writes, b.writes)) &&
    !b.reads.some((x) => meet(a.writes, x)) &&
    !a.reads.some((x) => meet(b.writes, x))
  );
}

function overlap(a: Place, b: Place): boolean {
  if (a.kind === "own" || b.kind === "own")
    return a.kind === "own" && b.kind === "own" && a.owner === b.owner;
  return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

/** Words of the stream; its task counters follow it. */
export function streamWords(phases: readonly Phase[]): number {
  return phases.reduce(
    (words, { instructions }) =>
      words +
      abi.PHASE_WORDS +
      instructions.reduce((n, { args }) => n + abi.INSTRUCTION_WORDS + args.length, 0),
    0,
  );
}

/** The stream that the kernels read, @see kernels/wasm/abi.ts. @param counters address of a word for
 * each instruction */
export function encode(phases: readonly Phase[], counters: number): Int32Array<ArrayBuffer> {
  const stream = new Int32Array(streamWords(phases));
  let at = 0;
  let counter = counters;
  for (const phase of phases) {
    const start = at;
    stream[at] = phase.parallel ? abi.PARALLEL : abi.SERIAL;
    at += abi.PHASE_WORDS;
    for (const { opcode, tasks, args } of phase.instructions) {
      const words = abi.INSTRUCTION_WORDS + args.length;
      stream.set([opcode, words, tasks, counter, ...args], at);
      at += words;
      counter += 4;
    }
    stream[start + 1] = 4 * (at - start);
  }
  return stream;
}
