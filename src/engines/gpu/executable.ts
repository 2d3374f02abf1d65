import { leads } from "../../../kernels/gpu/fused.ts";
import { type FusionLimits, fuse, type Group } from "../../compile/fuse.ts";
import type { Plan, Step, Value } from "../../compile/plan.ts";
import { partSizes } from "../../compile/slices/cuts.ts";
import { slicedPlan } from "../../compile/slices/slicedPlan.ts";
import { planStats } from "../../compile/statistics.ts";
import { windowStart } from "../../compile/window.ts";
import { at, sizeOf } from "../../tensor/shapes.ts";
import { isStorageType, lengthOf, makeCodes } from "../../tensor/storage/types.ts";
import type { Executable, KernelText, OnProgress } from "../device.ts";
import { uploaded } from "./contents.ts";
import type { Driver, Launch } from "./driver.ts";
import {
  type Compiling,
  copiesCodes,
  lower,
  makesZeros,
  operandsOf,
  tellProgress,
} from "./lower.ts";

/** A tensor on the device, or a part of one. */
export interface GpuPart<Memory = unknown> {
  readonly memory: Memory;
  readonly elements: number;
}

/** A tensor on the device: one part, but for what is larger than it takes. */
export type GpuBuffer<Memory = unknown> = readonly GpuPart<Memory>[];

/** A launch that reads operands of its group, or results of the group's launches. */
interface Stage<Memory> {
  readonly launch: Launch<Memory>;
  readonly reads: readonly number[];
}

interface ReadyGroup<Memory> {
  readonly group: Group;
  readonly operands: readonly Value[];
  readonly stages: readonly Stage<Memory>[];
  /** Where its result begins in its operand, if it has no memory of its own. */
  readonly window?: number | undefined;
}

/** Makes the kernels of a plan and uploads its constants. */
export async function prepare<Memory>(
  driver: Driver<Memory>,
  wanted: Plan,
  onProgress?: OnProgress,
): Promise<Executable<GpuBuffer<Memory>>> {
  const plan = slicedPlan(wanted, driver.most);
  const { groups } = fuse(plan, limitsOf(driver));
  const windows = groups.map((group) => windowOf(driver, plan, group));
  const compiling = groups.map((group, i) =>
    windows[i] === undefined && !makesZeros(group) && !copiesCodes(group)
      ? lower(driver, group)
      : [],
  );
  tellProgress(compiling.flat(), onProgress);
  const ready = await Promise.all(
    groups.map(async (group, i): Promise<ReadyGroup<Memory>> => {
      const stages = await Promise.all(at(compiling, i).map(compiled));
      return { group, operands: operandsOf(group), stages, window: windows[i] };
    }),
  );
  const constants = plan.constants.map(({ value, data }) => ({
    buffer: value.buffer,
    content: { memory: uploaded(driver, data, value.dtype), elements: data.length },
  }));
  let disposed = false;
  return {
    async run(inputs) {
      const contents: (GpuPart<Memory> | undefined)[] = inputs.flat();
      for (const { buffer, content } of constants) contents[buffer] = content;
      try {
        for (const each of ready) runGroup(driver, each, contents);
        await driver.check();
      } catch (error) {
        plan.buffers.forEach(({ kind }, buffer) => {
          const kept = kind === "constant" || (kind === "input" && !plan.donated.includes(buffer));
          if (!kept) release(driver, contents, buffer);
        });
        throw error;
      }
      // Where there is no step at all.
      for (const buffer of plan.donated) release(driver, contents, buffer);
      const results = plan.outputs.map(({ buffer }) => held(contents, buffer));
      return wanted.outputs.map(({ shape }) =>
        results.splice(0, partSizes(shape, driver.most).length),
      );
    },
    stats: () => ({
      launches: ready.reduce((n, { stages }) => n + stages.length, 0),
      kernels: new Set(ready.flatMap(({ stages }) => stages.map(({ launch }) => launch))).size,
      peakBytes: planStats(plan).peakBytes,
    }),
    sources: () => ready.flatMap(textsOf),
    dispose() {
      if (!disposed) for (const { content } of constants) driver.free(content.memory);
      disposed = true;
    },
  };
}

const limitsOf = ({ traits }: Driver<unknown>): FusionLimits => ({
  reads: traits.reads,
  writes: traits.targets,
  operands: traits.operands,
  broadcasts: true,
  leads: (step) => leads(step, traits),
});

const compiled = async <M>({ launch, reads }: Compiling<M>): Promise<Stage<M>> => ({
  launch: await launch,
  reads,
});

function textsOf({ group, stages }: ReadyGroup<unknown>): KernelText[] {
  const ops = group.steps.map(({ op }) => op);
  return stages.map(({ launch: { source, compiled } }) => ({
    ...{ steps: group.positions, ops, source },
    ...(compiled === undefined ? {} : { compiled }),
  }));
}

function runGroup<Memory>(
  driver: Driver<Memory>,
  { group, operands, stages, window }: ReadyGroup<Memory>,
  contents: (GpuPart<Memory> | undefined)[],
): void {
  const results: Memory[] = [];
  if (makesZeros(group))
    for (const { shape, dtype } of group.outputs) {
      const zeros = isStorageType(dtype) ? makeCodes(dtype, 0) : new Float32Array(sizeOf(shape));
      results.push(uploaded(driver, zeros, dtype));
    }
  else if (copiesCodes(group))
    results.push(driver.copy(held(contents, at(operands, 0).buffer).memory));
  else if (driver.windows && window !== undefined) {
    const [of, part] = [at(operands, 0), at(group.outputs, 0)];
    const { memory } = held(contents, of.buffer);
    results.push(driver.windows.open(memory, window, sizeOf(part.shape)));
  }
  for (const { launch, reads } of stages) {
    const memories = reads.map((read) => {
      const buffer = operands[read]?.buffer;
      if (buffer === undefined) return at(results, -1 - read);
      return held(contents, buffer).memory;
    });
    results.push(...launch.run(memories));
  }
  const made = results.splice(results.length - group.outputs.length);
  for (const intermediate of results) driver.free(intermediate);
  group.outputs.forEach(({ buffer, shape, dtype }, i) => {
    contents[buffer] = { memory: at(made, i), elements: lengthOf(dtype, shape) };
  });
  for (const buffer of group.frees) release(driver, contents, buffer);
}

/** What a plan must have left in a buffer. */
function held<Memory>(
  contents: readonly (GpuPart<Memory> | undefined)[],
  buffer: number,
): GpuPart<Memory> {
  const content = contents[buffer];
  if (!content) throw new RangeError(`gpu: expected numbers in buffer ${buffer}, got none`);
  return content;
}

/** Where the result of a group begins in its operand, if it can be a window of it. */
function windowOf({ windows }: Driver<unknown>, plan: Plan, group: Group): number | undefined {
  const step = at(group.steps, 0);
  if (!windows || step.op !== "slice" || group.steps.length > 1 || makesZeros(group))
    return undefined;
  const inside = plan.buffers[step.output.buffer]?.kind === "temporary";
  const from = windowStart(step as Step<"slice">);
  return inside && from !== undefined && from % windows.every === 0 ? from : undefined;
}

function release<Memory>(
  driver: Driver<Memory>,
  contents: (GpuPart<Memory> | undefined)[],
  buffer: number,
): void {
  const content = contents[buffer];
  if (content) driver.free(content.memory);
  contents[buffer] = undefined;
}
