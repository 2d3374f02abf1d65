import { Bench } from "tinybench";
import { cpuMs } from "./statistics.mjs";
import { figure, percent } from "./table.mjs";

/**
 * Runs tasks with tinybench and adds the CPU time of a call, all threads.
 * @param tasks name → asynchronous function
 * @returns name → { median, mad, best, cpu }, ms
 */
export async function measure(tasks, options) {
  const cpu = new Map();
  const bench = new Bench({
    warmupTime: 100,
    warmupIterations: 1,
    iterations: 5,
    ...options,
    setup(task, mode) {
      if (mode === "run") cpu.set(task.name, { before: cpuMs() });
    },
    teardown(task, mode) {
      if (mode === "run") cpu.set(task.name, { ...cpu.get(task.name), after: cpuMs() });
    },
  });
  for (const [name, task] of Object.entries(tasks)) bench.add(name, task);
  await bench.run();
  const rows = bench.tasks.map(({ name, result, runs }) => {
    if (result.state !== "completed") throw result.error ?? new Error(`${name}: ${result.state}`);
    const { p50, mad, min } = result.latency;
    const { before, after } = cpu.get(name);
    return [name, { median: p50, mad, best: min, cpu: (after - before) / runs }];
  });
  return Object.fromEntries(rows);
}

/** Seconds as a limit for each task, fewer with --quick. */
export const timeFor = (seconds, quick) => ({ time: (quick ? 0.2 : 1) * 1000 * seconds });

export const TIMES = ["median ms", "± mad", "best", "CPU ms"];
export const timesOf = ({ median, mad, best, cpu }) => [median, mad, best, cpu].map(figure);

/** GFLOP/s by the median, and its share of what `threads` cores can do at best. */
export const RATES = ["GFLOP/s", "of ceiling", "of ceiling, CPU time"];
export function ratesOf({ median, cpu }, flop, { gflops }, threads = 1) {
  const share = (ms) => percent(flop / ms / 1e6 / gflops);
  return [figure(flop / median / 1e6), percent(flop / median / 1e6 / gflops / threads), share(cpu)];
}
