import * as abi from "../../../../kernels/wasm/abi.ts";
import { at } from "../../../tensor/shapes.ts";
import { changedBy, type Instruction } from "./instruction.ts";
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
  const meet = (x: number, y: number) => overlap(at(places, x), at(places, y));
  const clash = (x: number, y: number) => !(x === y && b.continues) && meet(x, y);
  return (
    !changedBy(a).some((x) => changedBy(b).some((y) => clash(x, y))) &&
    !b.reads.some((x) => changedBy(a).some((y) => meet(x, y))) &&
    !a.reads.some((x) => changedBy(b).some((y) => meet(x, y)))
  );
}

function overlap(a: Place, b: Place): boolean {
  if (a.kind !== "arena" || b.kind !== "arena")
    return a.kind === "own" && b.kind === "own" && a.owner === b.owner;
  return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

/** Tasks of a phase; a serial one is taken as a whole. */
const tasksOf = ({ parallel, instructions }: Phase): number =>
  parallel ? instructions.reduce((sum, { tasks }) => sum + tasks, 0) : 1;

/** Words of the stream, and of the counters that follow it. */
export function streamWords(phases: readonly Phase[]): { stream: number; counters: number } {
  const instructions = phases.flatMap((phase) => phase.instructions);
  const headers = phases.length * abi.PHASE_WORDS + instructions.length * abi.INSTRUCTION_WORDS;
  const stream = instructions.reduce((words, { args }) => words + args.length, headers);
  return { stream, counters: phases.length + instructions.length };
}

/**
 * The stream that the kernels read.
 * @param counters address of the words for the counters
 * @see kernels/wasm/abi.ts
 */
export function encode(phases: readonly Phase[], counters: number): Int32Array<ArrayBuffer> {
  const stream = new Int32Array(streamWords(phases).stream);
  let position = 0;
  let counter = counters;
  const next = () => {
    counter += 4;
    return counter - 4;
  };
  for (const phase of phases) {
    const start = position;
    position += abi.PHASE_WORDS;
    const done = next();
    for (const { opcode, tasks, args } of phase.instructions) {
      const words = abi.INSTRUCTION_WORDS + args.length;
      stream.set([opcode, words, tasks, next(), ...args], position);
      position += words;
    }
    const kind = phase.parallel ? abi.PARALLEL : abi.SERIAL;
    stream.set([kind, 4 * (position - start), tasksOf(phase), done], start);
  }
  return stream;
}
