import dispatch from "../../../kernels/wasm/dispatch.ts?raw";
import * as opcodes from "../../../kernels/wasm/opcodes.ts";
import type { Plan } from "../../compile/plan.ts";
import { type Program, programOf } from "../../engines/wasm/lowering/program.ts";
import { livesOf } from "../../engines/wasm/lowering/storage.ts";
import { openTimedMachine } from "../../engines/wasm/timing.ts";
import { at, last } from "../../tensor/shapes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Execution, Life } from "./listing.ts";

const GROUPS = 7;

/**
 * Runs a training step on WebAssembly instruction by instruction, on one thread, whose times are
 * the steadiest.
 * @param inputs numbers for the plan's inputs
 * @param group runs whose mean is taken, of each of seven groups
 * @returns the kernels, the time of each step (ms) and where its temporaries lie
 */
export async function timedInWasm(
  plan: Plan,
  inputs: readonly Tensor[],
  group: number,
): Promise<Pick<Execution, "kernels" | "times" | "memory">> {
  const threads = 1;
  const machine = await openTimedMachine(threads);
  try {
    const executable = machine.load(plan);
    const runs: number[][] = [];
    for (let i = 0; i <= GROUPS * group; i++) {
      const buffers = inputs.map((x) => machine.device.upload(x.data, x.shape, x.dtype));
      const times = await machine.timed(async () => {
        const outputs = await executable.run(buffers);
        for (const buffer of outputs) machine.device.free(buffer);
      });
      const consumed = new Set(plan.donated);
      buffers.forEach((buffer, input) => {
        if (!consumed.has(input)) machine.device.free(buffer);
      });
      if (i > 0) runs.push(times); // the first one warms up
    }
    executable.dispose();
    return described(plan, threads, inGroups(runs, group));
  } finally {
    await machine.close();
  }
}

function described(
  plan: Plan,
  threads: number,
  groups: readonly (readonly (readonly number[])[])[],
): Pick<Execution, "kernels" | "times" | "memory"> {
  const program = programOf(plan, threads);
  const { instructions, steps, places, arenaBytes } = program;
  const kernels = plan.steps.map((): string[] => []);
  const times = plan.steps.map(() => 0);
  instructions.forEach(({ opcode }, i) => {
    const step = last(at(steps, i)); // of a chain the last
    kernels[step]?.push(kernelNames.get(opcode) ?? `kernel ${opcode}`);
    times[step] = (times[step] ?? 0) + steady(groups.map((runs) => runs.map((run) => at(run, i))));
  });
  const offsets = new Map(
    places.flatMap((place, i) => (place.kind === "arena" ? [[i, place.offset] as const] : [])),
  );
  return {
    kernels,
    times,
    memory: { offsets, lives: livesIn(program), bytes: arenaBytes },
  };
}

/** From which step to which each buffer is in use: instructions run in their own order, not in that of
 * the steps. None stands behind the first step of those after it. */
function livesIn({ buffers, instructions, steps }: Program): Map<number, Life> {
  const order = steps.map((own) => last(own));
  for (let i = order.length - 2; i >= 0; i--) order[i] = Math.min(at(order, i), at(order, i + 1));
  const lives = livesOf(instructions, buffers.length);
  return new Map(
    buffers.flatMap((_, i) => {
      const end = at(lives.last, i);
      return end < 0 ? [] : [[i, { first: at(order, at(lives.first, i)), last: at(order, end) }]];
    }),
  );
}

/**
 * The median of the means of groups: browsers round the clock to more than most kernels take, which
 * only means make up for, and now and then somebody else has the processor, which only a median
 * does.
 */
function steady(groups: readonly (readonly number[])[]): number {
  const means = groups.map((times) => times.reduce((sum, x) => sum + x / times.length, 0));
  return at(
    means.sort((a, b) => a - b),
    means.length >> 1,
  );
}

const inGroups = <T>(runs: readonly T[], group: number): readonly T[][] =>
  Array.from({ length: GROUPS }, (_, i) => runs.slice(i * group, (i + 1) * group));

/** A kernel that is imported by its own name is called as its file is. */
const named = (kernel: string): string => (kernel.includes(".") ? kernel : `${kernel}.${kernel}`);

/** "file.function" of each opcode, read off the source that dispatches. */
const kernelNames: ReadonlyMap<number, string> = new Map(
  [...dispatch.matchAll(/case op\.(\w+): return ([\w.]+)\(/g)].map(([, name, kernel]) => [
    (opcodes as Readonly<Record<string, number>>)[name as string] ?? -1,
    named(kernel as string),
  ]),
);
