import { elementsOf, type Lowering, resultsOf } from "../../../kernels/gpu/kernel.ts";
import { lowerings } from "../../../kernels/gpu/table.ts";
import type { Plan, Step } from "../../compile/plan.ts";
import { planStats } from "../../compile/statistics.ts";
import { showShape } from "../../tensor/errors.ts";
import type { PrimitiveName } from "../../tensor/tensor.ts";
import type { Executable, OnProgress } from "../device.ts";
import type { Driver, Launch } from "./driver.ts";

/** A tensor on the device. */
export interface GpuBuffer<Memory = unknown> {
  readonly memory: Memory;
  readonly elements: number;
}

/** One launch of a step: what it reads is the plan's buffers or results of the step's launches. */
interface Stage<Memory> {
  readonly launch: Launch<Memory>;
  readonly reads: readonly number[];
}

interface ReadyStep<Memory> {
  readonly step: Step;
  readonly stages: readonly Stage<Memory>[];
  readonly frees: readonly number[];
}

/** Makes the kernels of a plan and uploads its constants. */
export async function prepare<Memory>(
  driver: Driver<Memory>,
  plan: Plan,
  onProgress?: OnProgress,
): Promise<Executable<GpuBuffer<Memory>>> {
  const deaths = deathsOf(plan);
  const compiling = plan.steps.map((step) => lower(driver, step));
  if (onProgress) tellProgress(compiling.flat(), onProgress);
  const steps = await Promise.all(
    plan.steps.map(async (step, i): Promise<ReadyStep<Memory>> => {
      const stages = await Promise.all((compiling[i] as Compiling<Memory>[]).map(compiled));
      return { step, stages, frees: [...step.frees, ...(deaths.get(i) ?? [])] };
    }),
  );
  const constants = plan.constants.map(({ value, data }) => ({
    buffer: value.buffer,
    content: { memory: driver.upload(data), elements: data.length },
  }));
  let disposed = false;
  return {
    async run(inputs) {
      const contents: (GpuBuffer<Memory> | undefined)[] = [...inputs];
      for (const { buffer, content } of constants) contents[buffer] = content;
      try {
        for (const ready of steps) runStep(driver, ready, contents);
        await driver.check();
      } catch (error) {
        plan.buffers.forEach(({ kind }, buffer) => {
          const kept = kind === "constant" || (kind === "input" && !plan.donated.includes(buffer));
          if (!kept) release(driver, contents, buffer);
        });
        throw error;
      }
      // A donated input that no step reads and no output took over.
      for (const buffer of plan.donated) release(driver, contents, buffer);
      return plan.outputs.map(({ buffer }) => contents[buffer] as GpuBuffer<Memory>);
    },
    stats: () => ({
      launches: steps.reduce((n, { stages }) => n + stages.length, 0),
      kernels: new Set(steps.flatMap(({ stages }) => stages.map(({ launch }) => launch))).size,
      peakBytes: planStats(plan).peakBytes,
    }),
    sources: () =>
      steps.flatMap(({ step, stages }, i) =>
        stages.map(({ launch: { source, compiled } }) => ({
          ...{ steps: [i], ops: [step.op], source },
          ...(compiled === undefined ? {} : { compiled }),
        })),
      ),
    dispose() {
      if (!disposed) for (const { content } of constants) driver.free(content.memory);
      disposed = true;
    },
  };
}

/**
 * Donated inputs that an output takes over in memory, by the step that reads them last: this
 * engine gives the output memory of its own and the input's back.
 */
function deathsOf(plan: Plan): Map<number, number[]> {
  const deaths = new Map<number, number[]>();
  for (const { reuses } of plan.buffers) {
    if (reuses === undefined) continue;
    const last = plan.steps.findLastIndex((step) => step.inputs.some((x) => x.buffer === reuses));
    if (last >= 0) deaths.set(last, [...(deaths.get(last) ?? []), reuses]);
  }
  return deaths;
}

/** A launch whose kernel is being compiled. */
interface Compiling<Memory> {
  readonly launch: Promise<Launch<Memory>>;
  readonly reads: readonly number[];
}

const compiled = async <M>({ launch, reads }: Compiling<M>): Promise<Stage<M>> => ({
  launch: await launch,
  reads,
});

function tellProgress(all: readonly Compiling<unknown>[], onProgress: OnProgress): void {
  const kernels = new Set(all.map(({ launch }) => launch));
  let done = 0;
  const tell = (): void => onProgress(++done, kernels.size);
  // Who waits for the kernel hears of its failure.
  for (const kernel of kernels) kernel.then(tell, () => {});
}

/** Says which tensor is too large for the device. */
export function ofTensor<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(`${name}: ${error.message}`, { cause: error });
  }
}

function lower<Memory>(driver: Driver<Memory>, step: Step): Compiling<Memory>[] {
  const lowering = lowerings[step.op] as Lowering<PrimitiveName>;
  const kernels = lowering({
    shapes: step.inputs.map((x) => x.shape),
    shape: step.output.shape,
    attrs: step.attrs,
    ...driver.traits,
  });
  const sizes = kernels.flatMap((kernel) =>
    Array<number>(resultsOf(kernel)).fill(elementsOf(kernel)),
  );
  const sizeOfRead = (read: number): number =>
    read >= 0
      ? (step.inputs[read] as Step["output"]).shape.reduce((a, b) => a * b, 1)
      : (sizes[-1 - read] as number);
  const name = `${step.op} ${showShape(step.output.shape)}`;
  return kernels.map((kernel) => ({
    launch: ofTensor(name, () => driver.compile(kernel, kernel.reads.map(sizeOfRead))),
    reads: kernel.reads,
  }));
}

function runStep<Memory>(
  driver: Driver<Memory>,
  { step, stages, frees }: ReadyStep<Memory>,
  contents: (GpuBuffer<Memory> | undefined)[],
): void {
  const results: Memory[] = [];
  for (const { launch, reads } of stages) {
    const operands = reads.map((read) => {
      const buffer = step.inputs[read]?.buffer;
      if (buffer === undefined) return results[-1 - read] as Memory;
      return (contents[buffer] as GpuBuffer<Memory>).memory;
    });
    results.push(...launch.run(operands));
  }
  const memory = results.pop() as Memory;
  for (const intermediate of results) driver.free(intermediate);
  const elements = step.output.shape.reduce((a, b) => a * b, 1);
  contents[step.output.buffer] = { memory, elements };
  for (const buffer of frees) release(driver, contents, buffer);
}

function release<Memory>(
  driver: Driver<Memory>,
  contents: (GpuBuffer<Memory> | undefined)[],
  buffer: number,
): void {
  const content = contents[buffer];
  if (content) driver.free(content.memory);
  contents[buffer] = undefined;
}
