import type { Plan } from "../compile/plan.ts";
import { type PlanStats, planStats, planWork } from "../compile/statistics.ts";
import { at } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import * as tree from "../tensor/tree.ts";
import {
  type Device,
  type DeviceStats,
  type Executable,
  type KernelText,
  NotBegunError,
  type OnProgress,
} from "./device.ts";
import type { IdInputs } from "./idFlow.ts";
import { keepLast } from "./kept.ts";
import type { Residents } from "./resident.ts";
import { type Leaves, leavesOf, type Trace, trace } from "./trace.ts";

/** A compiled function: trees of resident or host tensors (numbers are scalars) → resident tensors.
 * What was compiled is kept for the 64 combinations of shapes that were used last. */
export interface Program<Args extends readonly unknown[], Result> {
  (...args: Args): Promise<Result>;
  /** What it was compiled as: `CompileOptions.name`, or the function's own name. */
  readonly name: string;
  /**
   * Traces and compiles for the shapes of these arguments and runs nothing: a first call that
   * follows is as fast as any other. Kernels for GPUs are compiled in the background where the
   * driver can, else one by one with the event loop running in between, so that a page stays alive.
   */
  prepare(...args: Args): Promise<void>;
  /**
   * What one run with such arguments would take, from their shapes alone: nothing is compiled,
   * allocated or run, and tensors may be stand-ins.
   * @see standIn
   * @example program.planned(params, batch).peakBytes <= available
   */
  planned(...args: Args): PlanStats;
  /**
   * The kernels for the shapes that are kept, in the order of their launches: the GPU.js function
   * and what it was compiled to. Empty on the engines whose kernels serve every program.
   */
  sources(): readonly KernelText[];
  stats(): ProgramStats;
  /** What was planned for the shapes that are kept, the first first; pure data. */
  plans(): readonly Plan[];
}

/** Figures about a program, by the same names on every engine: those of one run, summed over the
 * combinations of shapes that are kept; of `peakBytes` the largest. */
export interface ProgramStats extends PlanStats, DeviceStats {}

/** What `engine.compile` is told of a function beside its arguments. */
export interface CompileOptions {
  /** What the program is called, in errors and by instruments; the function's own name by default. */
  readonly name?: string;
  /** Arguments whose tensors the program consumes, so that results can reuse their memory. */
  readonly donate?: readonly number[];
  /** Called for each kernel that is compiled, the first time that a combination of shapes is seen. */
  readonly onProgress?: OnProgress;
}

/** What a program needs of its engine. */
export interface Host<Buffer> {
  readonly device: Device<Buffer>;
  readonly residents: Residents<Buffer>;
  /** What a closed engine answers; undefined while it is open. */
  closedError(): TypeError | undefined;
  /** Runs work after all earlier work. */
  enqueue<T>(work: () => Promise<T>): Promise<T>;
}

interface Ready<Buffer> {
  readonly trace: Trace;
  readonly executable: Executable<Buffer>;
}

/** A program and what it keeps on the device. */
export interface Compiled<Buffer, Args extends readonly unknown[], Result> {
  readonly program: Program<Args, Result>;
  /** One for each combination of shapes; whoever drops the program disposes of them. */
  readonly executables: readonly Executable<Buffer>[];
}

/** Combinations of shapes that a program keeps a plan for: one of a real model takes megabytes. */
const MOST_KEPT = 64;

/** Traces `fn` once for each combination of input shapes and runs the plan. */
export function compileOn<Buffer, Args extends readonly unknown[], Result>(
  { device, residents, enqueue, closedError }: Host<Buffer>,
  fn: (...args: Args) => Result,
  { name = fn.name || "program", donate = [], onProgress }: CompileOptions,
): Compiled<Buffer, Args, Result> {
  const executables: Executable<Buffer>[] = [];
  const plans: Plan[] = [];
  const ready = keepLast<Promise<Ready<Buffer>>>(MOST_KEPT, (entry) => {
    // Who was given it has had it queued before.
    enqueue(async () => forget((await entry).executable)).catch(() => {});
  });

  function forget(executable: Executable<Buffer>): void {
    const place = executables.indexOf(executable);
    executables.splice(place, 1);
    plans.splice(place, 1);
    executable.dispose();
  }

  async function traced(args: Args, donated: readonly number[]): Promise<Ready<Buffer>> {
    const made = trace(fn as (...args: never[]) => unknown, args, donated, device);
    const executable = await device.prepare(made.plan, onProgress);
    executables.push(executable);
    plans.push(made.plan);
    return { trace: made, executable };
  }

  const donatedOf = ({ tensors, argumentOf }: Leaves): number[] =>
    tensors.flatMap((_, i) => (donate.includes(at(argumentOf, i)) ? [i] : []));

  function prepared({ signature }: Leaves, args: Args, donated: number[]): Promise<Ready<Buffer>> {
    return ready.get(signature, () => {
      const entry = traced(args, donated);
      // A trace that failed is tried again next time.
      entry.catch(() => ready.delete(signature));
      return entry;
    });
  }

  async function prepare(...args: Args): Promise<void> {
    const error = closedError();
    if (error) throw error;
    const leaves = leavesOf(args, name);
    await prepared(leaves, args, donatedOf(leaves));
  }

  function planned(...args: Args): PlanStats {
    const donated = donatedOf(leavesOf(args, name));
    const { plan } = trace(fn as (...args: never[]) => unknown, args, donated, device);
    return { ...planWork(plan), peakBytes: device.peakBytes(plan) };
  }

  function call(...args: Args): Promise<Result> {
    const error = closedError();
    if (error) return Promise.reject(error);
    const leaves = leavesOf(args, name);
    const { tensors, pathOf } = leaves;
    const donated = donatedOf(leaves);
    refuseSharing(leaves, donated);
    const entry = prepared(leaves, args, donated);
    return enqueue(async () => {
      const { trace, executable } = await entry;
      const all = [...tensors, ...trace.captured];
      // Everything is checked before anything is consumed.
      all.forEach((x, i) => {
        residents.check(x, () => pathOf(i));
      });
      const given: IdInputs = {
        range: (i) => residents.range(at(all, i)),
        read: (i) => residents.read(at(all, i), () => pathOf(i)),
        pathOf,
      };
      await trace.ids.check(given);
      const isDonated = new Set(donated);
      const temporary: Buffer[] = [];
      const inputs = all.map((x, i) => {
        if (isDonated.has(i)) return residents.take(x, () => `it was donated as ${pathOf(i)}`);
        const loan = residents.borrow(x);
        if (loan.temporary) temporary.push(loan.buffer);
        return loan.buffer;
      });
      const ranges = trace.plan.outputs.map((_, i) => trace.ids.outputRange(i, given));
      let buffers: readonly Buffer[];
      try {
        buffers = await executable.run(inputs);
      } catch (error) {
        if (!(error instanceof NotBegunError)) throw error;
        for (const i of donated) residents.restore(at(all, i), at(inputs, i));
        throw error.cause;
      } finally {
        for (const buffer of temporary) device.free(buffer);
      }
      const outputs = trace.plan.outputs.map((y, i) =>
        residents.wrap(at(buffers, i), y, y.dtype === "int" ? ranges[i] : undefined),
      );
      return tree.unflatten(trace.structure, outputs) as Result;
    });
  }

  const stats = (): ProgramStats =>
    executables
      .map((executable, i) => ({ ...planStats(at(plans, i)), ...executable.stats() }))
      .reduce(together, NOTHING);
  const sources = (): readonly KernelText[] => executables.flatMap((e) => e.sources?.() ?? []);
  const program = Object.assign(call, { prepare, planned, sources, stats, plans: () => plans });
  // A function's own name is not writable, but it can be defined anew.
  Object.defineProperty(program, "name", { value: name });
  return { program, executables };
}

const NOTHING: ProgramStats = {
  ...{ ops: 0, kernels: 0, launches: 0 },
  ...{ bytes: 0, peakBytes: 0, flop: 0 },
};

const together = (a: ProgramStats, b: ProgramStats): ProgramStats => ({
  ops: a.ops + b.ops,
  kernels: a.kernels + b.kernels,
  launches: a.launches + b.launches,
  bytes: a.bytes + b.bytes,
  peakBytes: Math.max(a.peakBytes, b.peakBytes),
  flop: a.flop + b.flop,
});

/** @throws TypeError when a donated tensor is passed a second time in the same call */
function refuseSharing({ tensors, pathOf }: Leaves, donated: readonly number[]): void {
  const count = new Map<Tensor, number>();
  for (const x of tensors) count.set(x, (count.get(x) ?? 0) + 1);
  for (const i of donated) {
    const x = at(tensors, i);
    if (x.op !== "resident" || count.get(x) === 1) continue;
    const again = tensors.findIndex((y, j) => j !== i && y === x);
    throw new TypeError(
      `${pathOf(i)}: expected a donated tensor once, got it again as ${pathOf(again)}`,
    );
  }
}
