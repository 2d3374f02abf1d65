import { allocate } from "../../compile/allocate.ts";
import type { BufferKind, Plan, Step, Value } from "../../compile/plan.ts";
import { bufferName } from "../../compile/show.ts";
import { bufferBytes, bytesTouched, flopOf } from "../../compile/statistics.ts";
import type { ProgramStats } from "../../engines/program.ts";
import { at, sizeOf } from "../../tensor/shapes.ts";
import type { DType, PrimitiveName, Shape } from "../../tensor/tensor.ts";
import { type InputOrigin, type Phase, placesOf } from "./parts.ts";

/** A training step as people read it; plain data, which a worker can post. */
export interface Listing {
  readonly backend: string;
  /** The GPU's name, the number of threads. */
  readonly device: string;
  readonly steps: readonly ListedStep[];
  readonly buffers: readonly ListedBuffer[];
  /** Bytes of the memory that all temporaries share. */
  readonly arenaBytes: number;
  /** Whether offsets are the engine's; else they are what the plan's lifetimes would allow. */
  readonly placed: boolean;
  /** Milliseconds of a whole step, median. */
  readonly stepTime: number;
  readonly figures: ProgramStats;
  /** Numbers that are trained. */
  readonly parameters: number;
  /** Texts of compiled kernels, which steps name. */
  readonly sources: readonly CompiledSource[];
}

/** A kernel as GPU.js got it, and what GPU.js made of it. */
export interface CompiledSource {
  readonly name: string;
  readonly texts: readonly { readonly language: string; readonly text: string }[];
}

export interface ListedValue {
  /** x1 an input, c2 a constant, t3 a temporary, y4 an output, as the plan is printed. */
  readonly name: string;
  readonly buffer: number;
  readonly shape: Shape;
  readonly dtype: DType;
  /** Parameter's name, or where in the state or batch an input is. */
  readonly path?: string;
}

export interface ListedStep {
  readonly op: PrimitiveName;
  readonly attrs: string;
  readonly inputs: readonly ListedValue[];
  readonly output: ListedValue;
  readonly phase: Phase;
  readonly part: string;
  /** Kernels that run, in order: names for people. */
  readonly kernels: readonly string[];
  /** Read and written, each operand once. */
  readonly bytes: number;
  /** Of products; 0 for all else. */
  readonly flop: number;
  /** Milliseconds, where single operations can be timed. */
  readonly time?: number;
  /** Indices into `Listing.sources`. */
  readonly sources: readonly number[];
}

export interface ListedBuffer extends Life {
  readonly name: string;
  readonly kind: BufferKind;
  readonly bytes: number;
  /** In the shared memory; only of temporaries that have memory of their own there. */
  readonly offset?: number;
}

/** What an engine makes of a plan, step by step. */
export interface Execution {
  readonly backend: string;
  readonly device: string;
  readonly kernels: readonly (readonly string[])[];
  readonly times?: readonly number[];
  readonly stepTime: number;
  readonly figures: ProgramStats;
  /** Where temporaries lie, by buffer, and the bytes of all. */
  readonly memory?: {
    readonly offsets: ReadonlyMap<number, number>;
    /** When they are in use, where that is not the order of the steps. */
    readonly lives?: ReadonlyMap<number, Life>;
    readonly bytes: number;
  };
  readonly sources?: readonly CompiledSource[];
  readonly sourcesOf?: readonly (readonly number[])[];
}

/** Puts together what is known about a training step. */
export function listingOf(
  plan: Plan,
  origins: readonly InputOrigin[],
  execution: Execution,
): Listing {
  const places = placesOf(plan, origins);
  const lives = livesOf(plan);
  const memory = execution.memory ?? plannedMemory(plan, lives);
  const value = ({ buffer, shape, dtype }: Value): ListedValue => {
    const path = origins[buffer]?.path;
    return {
      name: bufferName(plan, buffer),
      buffer,
      shape,
      dtype,
      ...(path !== undefined && { path }),
    };
  };
  const { backend, device, stepTime, figures, kernels, times, sources, sourcesOf } = execution;
  return {
    ...{ backend, device, stepTime, figures },
    parameters: plan.inputs
      .filter((_, i) => origins[i]?.role === "parameter")
      .reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    steps: plan.steps.map((step, i) => ({
      op: step.op,
      attrs: attrsOf(step),
      inputs: step.inputs.map(value),
      output: value(step.output),
      phase: places[i]?.phase ?? "forward",
      part: places[i]?.part ?? "",
      kernels: kernels[i] ?? [],
      bytes: bytesTouched(step),
      flop: flopOf(step),
      ...(times && { time: times[i] ?? 0 }),
      sources: sourcesOf?.[i] ?? [],
    })),
    buffers: plan.buffers.map((buffer, i) => {
      const offset = memory.offsets.get(i);
      return {
        name: bufferName(plan, i),
        kind: buffer.kind,
        bytes: bufferBytes(buffer),
        ...(memory.lives?.get(i) ?? at(lives, i)),
        ...(offset !== undefined && { offset }),
      };
    }),
    arenaBytes: memory.bytes,
    placed: execution.memory !== undefined,
    sources: sources ?? [],
  };
}

/** Steps that write a buffer first and read it last. */
export interface Life {
  readonly first: number;
  readonly last: number;
}

function livesOf({ buffers, steps }: Plan): Life[] {
  const lives = buffers.map(() => ({ first: steps.length, last: -1 }));
  steps.forEach(({ inputs, output }, i) => {
    for (const { buffer } of [...inputs, output]) {
      const life = lives[buffer];
      if (!life) continue;
      life.first = Math.min(life.first, i);
      life.last = i;
    }
  });
  return lives;
}

/** Offsets that the lifetimes of a plan's temporaries allow, whatever the engine does. */
function plannedMemory(
  { buffers }: Plan,
  lives: readonly Life[],
): NonNullable<Execution["memory"]> {
  const used = buffers.flatMap(({ kind }, i) =>
    kind === "temporary" && (lives[i]?.last ?? -1) >= 0 ? [i] : [],
  );
  const requests = used.map((i) => ({
    bytes: bufferBytes(at(buffers, i)),
    ...at(lives, i),
  }));
  const { offsets, bytes } = allocate(requests, 64);
  return { offsets: new Map(used.map((i, at) => [i, offsets[at] ?? 0])), bytes };
}

const attrsOf = ({ attrs }: Step): string =>
  Object.entries(attrs)
    .map(([key, x]) => `${key}=${JSON.stringify(x)}`)
    .join(" ");
