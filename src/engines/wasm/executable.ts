import * as abi from "../../../kernels/wasm/abi.ts";
import * as opcodes from "../../../kernels/wasm/opcodes.ts";
import type { Plan } from "../../compile/plan.ts";
import { bufferBytes } from "../../compile/statistics.ts";
import { at, got } from "../../tensor/shapes.ts";
import { type DeviceStats, type Executable, NotBegunError } from "../device.ts";
import { encode, streamWords } from "./lowering/encode.ts";
import { type Program, programOf } from "./lowering/program.ts";
import { allocateTogether } from "./machine/heap.ts";
import type { Memory } from "./machine/memory.ts";
import type { Ownership, WasmBuffer } from "./machine/ownership.ts";
import type { Threads } from "./machine/threads.ts";
import { bytesOfData, write } from "./machine/transfer.ts";

/** What an executable uses of its device. */
export interface Machine {
  readonly memory: Memory;
  readonly threads: Threads;
  readonly ownership: Ownership;
  /** Address of the arena, with room for at least `bytes`. */
  arena(bytes: number): number;
}

export interface WasmStats extends DeviceStats {
  /** Groups of instructions between barriers. */
  readonly phases: number;
  /** Bytes of memory that its temporaries share with those of other programs. */
  readonly arenaBytes: number;
}

export interface WasmExecutable extends Executable<WasmBuffer> {
  stats(): WasmStats;
}

/** Loads a plan: its stream, constants and table stay in memory until it is disposed. */
export function load(plan: Plan, machine: Machine): WasmExecutable {
  const { memory, ownership, threads } = machine;
  const { stats, storage, made, free } = written(plan, machine);
  const { buffers, places, windows, arenaBytes } = storage;
  const { stream, streamBytes, counterBytes, table, alone } = made;
  let arenaAt = -1;

  function placeTemporaries(): void {
    const arena = machine.arena(arenaBytes);
    if (arena === arenaAt) return;
    arenaAt = arena;
    places.forEach((place, i) => {
      if (place.kind === "arena") memory.words()[table / 4 + i] = arena + place.offset;
    });
  }

  /** Memory for what comes out: all that is new first, so that nothing is lost where there is none. */
  function outputsOf(
    given: ReadonlyMap<number, WasmBuffer>,
    taken: Set<number>,
  ): readonly WasmBuffer[] {
    const own: WasmBuffer[] = [];
    const ownerOf = (buffer: number): number => {
      const place = places[buffer];
      return place?.kind === "own" ? place.owner : buffer;
    };
    try {
      for (const { buffer } of plan.outputs)
        if (ownerOf(buffer) === buffer) own.push(ownership.own(bufferBytes(at(buffers, buffer))));
    } catch (error) {
      for (const buffer of own) ownership.free(buffer);
      throw new NotBegunError(error as Error);
    }
    let next = 0;
    return plan.outputs.map(({ buffer }) => {
      const owner = ownerOf(buffer);
      if (owner === buffer) return own[next++] as WasmBuffer;
      taken.add(owner);
      return ownership.pass(given.get(owner) as WasmBuffer);
    });
  }

  function run(inputs: readonly WasmBuffer[]): readonly WasmBuffer[] {
    placeTemporaries();
    const taken = new Set<number>();
    const given = new Map<number, WasmBuffer>();
    for (const [i, { buffer }] of plan.inputs.entries()) given.set(buffer, at(inputs, i));
    for (const buffer of given.values()) ownership.check(buffer);
    const outputs = outputsOf(given, taken);
    for (const [i, { buffer }] of plan.outputs.entries()) given.set(buffer, at(outputs, i));
    const words = memory.words();
    for (const [buffer, { address }] of given) words[table / 4 + buffer] = address;
    for (const { name, of, offset } of windows)
      words[table / 4 + name] = at(words, table / 4 + of) + offset;
    words.fill(0, (stream + streamBytes) / 4, (stream + streamBytes + counterBytes) / 4);
    words[abi.PHASE / 4] = 0;
    words[abi.PROGRAM / 4] = stream;
    words[abi.PROGRAM_END / 4] = stream + streamBytes;
    words[abi.TABLE / 4] = table;
    try {
      threads.start(alone);
    } catch (error) {
      throw explained(error, words);
    }
    for (const input of plan.donated) if (!taken.has(input)) ownership.free(got(given, input));
    checkIds(words);
    return outputs;
  }

  return {
    run: async (inputs) => run(inputs),
    stats: () => stats,
    dispose: free,
  };
}

/** Writes the stream, constants and table of a plan. No instruction is kept beside the stream: with a real
 * model they take megabytes. */
function written(plan: Plan, { memory, threads }: Machine) {
  const program = programOf(plan, threads.count);
  const { buffers, places, windows, arenaBytes, phases } = program;
  const words = streamWords(phases);
  const streamBytes = 4 * words.stream;
  const counterBytes = 4 * words.counters;
  const { made, free } = allocateTogether(memory.heap, (allocate) => {
    const stream = allocate(streamBytes + counterBytes);
    const table = allocate(4 * buffers.length);
    memory.words().set(encode(phases, stream + streamBytes), stream / 4);
    for (const { value, data } of plan.constants) {
      const address = allocate(bytesOfData(data, value.dtype));
      write(memory, address, data, value.dtype);
      memory.words()[table / 4 + value.buffer] = address;
    }
    // What is too small to share is not worth waking anybody for.
    const alone = !phases.some(({ parallel }) => parallel);
    return { stream, streamBytes, counterBytes, table, alone };
  });
  return {
    ...{ stats: statsOf(program), made, free },
    storage: { buffers, places, windows, arenaBytes },
  };
}

function statsOf(program: Program): WasmStats {
  const { instructions, phases, arenaBytes } = program;
  return {
    kernels: new Set(instructions.map(({ opcode }) => opcode)).size,
    launches: instructions.length,
    peakBytes: peakBytesOf(program),
    phases: phases.length,
    arenaBytes,
  };
}

/** Bytes of the arena, and of the buffers outside it, each memory once. */
export function peakBytesOf({ buffers, places, arenaBytes }: Program): number {
  return buffers.reduce((sum, buffer, i) => {
    const place = places[i];
    return sum + (place?.kind === "own" && place.owner === i ? bufferBytes(buffer) : 0);
  }, arenaBytes);
}

/** What a trap was about, where it was an opcode that no kernel knows. */
function explained(error: unknown, words: Int32Array): unknown {
  const opcode = at(words, abi.UNKNOWN_OPCODE / 4) - 1;
  if (opcode < 0) return error;
  words[abi.UNKNOWN_OPCODE / 4] = 0;
  const name = Object.entries(opcodes).find(([, code]) => code === opcode)?.[0] ?? "no name";
  return new Error(
    `wasm: expected an opcode that the kernels know, got ${opcode} (${name}); start a new engine`,
    { cause: error },
  );
}

/** Kernels cannot throw; they leave a note of the first id that names no row. */
function checkIds(words: Int32Array): void {
  const note = abi.BAD_ID / 4;
  if (words[note] === 0) return;
  words[note] = 0;
  const [id, rows] = [at(words, note + 1), at(words, note + 2)];
  throw new RangeError(`wasm: expected token ids from 0 to ${rows - 1}, got ${id}`);
}
