import * as abi from "../../../../kernels/wasm/abi.ts";
import { Runs } from "../../../compile/occupancy.ts";
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
  const phases: { parallel: boolean; instructions: Instruction[]; touched: Touched }[] = [];
  for (const instruction of instructions) {
    const phase = phases.at(-1);
    const small = instruction.tasks <= 1;
    const joins = phase?.parallel ? phase.touched.isIndependent(instruction) : small;
    if (phase && joins) phase.instructions.push(instruction);
    else {
      const touched = new Touched(places);
      phases.push({ parallel: !small, instructions: [instruction], touched });
    }
    phases.at(-1)?.touched.add(instruction);
  }
  return phases.map(({ parallel, instructions }) => ({ parallel, instructions }));
}

/** What the instructions of a phase touch. */
class Touched {
  readonly #places: readonly Place[];
  readonly #read: Taken;
  readonly #changed: Taken;
  readonly #changedBuffers = new Set<number>();

  constructor(places: readonly Place[]) {
    this.#places = places;
    this.#read = new Taken(places);
    this.#changed = new Taken(places);
  }

  /** Whether an instruction neither reads nor changes what they change, nor changes what they read. */
  isIndependent(instruction: Instruction): boolean {
    const changes = changedBy(instruction);
    const clashes = instruction.continues
      ? // It may write to the buffer that an instruction before it has written other parts of.
        changes.some((x) => [...this.#changedBuffers].some((y) => x !== y && this.#meet(x, y)))
      : changes.some((x) => this.#changed.meets(x));
    return (
      !clashes &&
      !instruction.reads.some((x) => this.#changed.meets(x)) &&
      !changes.some((x) => this.#read.meets(x))
    );
  }

  add(instruction: Instruction): void {
    for (const x of instruction.reads) this.#read.add(x);
    for (const x of changedBy(instruction)) {
      this.#changed.add(x);
      this.#changedBuffers.add(x);
    }
  }

  #meet(x: number, y: number): boolean {
    const only = new Taken(this.#places);
    only.add(y);
    return only.meets(x);
  }
}

/** The memory of some buffers. */
class Taken {
  readonly #places: readonly Place[];
  readonly #arena = new Runs();
  readonly #owners = new Set<number>();

  constructor(places: readonly Place[]) {
    this.#places = places;
  }

  add(buffer: number): void {
    const place = at(this.#places, buffer);
    if (place.kind === "own") this.#owners.add(place.owner);
    if (place.kind === "arena") this.#arena.add(place.offset, place.offset + place.bytes);
  }

  meets(buffer: number): boolean {
    const place = at(this.#places, buffer);
    if (place.kind === "own") return this.#owners.has(place.owner);
    return place.kind === "arena" && this.#arena.meets(place.offset, place.offset + place.bytes);
  }
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
