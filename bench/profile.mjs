// Where a training step's time goes: each instruction of the real step is timed where it stands, with
// the data, the memory and the caches that it has there, and compared with the step as a whole.

import { trace } from "../dist/src/engines/trace.js";
import { openTimedMachine } from "../dist/src/engines/wasm/timing.js";
import { describeCeiling, measureCeiling } from "./ceiling.mjs";
import { expectLosses, trainingStep } from "./gpt.mjs";
import { MODELS } from "./peers/spec.mjs";
import { donatedLeaves, openPlan } from "./planned.mjs";
import { instructionRows } from "./profileRows.mjs";
import { cpuMs, median } from "./statistics.mjs";
import { figure, groupBy, percent, table } from "./table.mjs";

/** @param sizes those of S, M, L that are wanted; M by default */
export async function profile({ sizes, threads, quick }) {
  const ceiling = await measureCeiling();
  console.log(describeCeiling(ceiling));
  for (const size of sizes.length > 0 ? sizes : ["M"])
    await profileModel(size, threads, quick ? 5 : 20, ceiling);
}

async function profileModel(size, threads, repeats, ceiling) {
  const { train, start, donate } = trainingStep(MODELS[size]);
  const { plan } = trace(train, start, donatedLeaves(start, donate));
  // One thread's CPU time does not see what else the machine does.
  const machine = await openTimedMachine(threads, threads === 1 ? cpuMs : undefined);
  const run = openPlan(machine.device, machine.load(plan), start);
  const losses = [await run(), await run(), await run()];

  const whole = [];
  const parts = [];
  for (let i = 0; i < repeats; i++) {
    const [begin, cpu] = [performance.now(), cpuMs()];
    losses.push(await run());
    whole.push({ ms: performance.now() - begin, cpu: cpuMs() - cpu });
    parts.push(await machine.timed(async () => losses.push(await run())));
  }
  await machine.close();
  await expectLosses(losses.slice(0, 6), MODELS[size], { backend: "wasm", threads: 1 });
  const times = parts[0].map((_, i) => median(parts.map((part) => part[i])));
  const all = times.reduce((sum, ms) => sum + ms, 0);
  const rows = instructionRows(plan, threads, times);
  console.log(`\n### ${size}, ${threads === 1 ? "1 thread" : `${threads} threads`}\n`);
  console.log(`${byOp(rows, all)}\n\n${bySize(rows, all, ceiling, threads)}\n`);
  const [clock, cpu] = ["ms", "cpu"].map((of) => median(whole.map((step) => step[of])));
  const [kind, step] = threads === 1 ? ["CPU time", cpu] : ["wall clock", clock];
  console.log(`${kind}, medians of ${repeats} steps. The ${times.length} instructions one by one take ${figure(all)} ms,
${percent(all / step)} of the whole step's ${figure(step)} ms (wall clock: ${figure(clock)} ms). Causal products count the whole square.`);
}

/** Sums the rows of equal keys, the longest first. */
function grouped(rows, keyOf) {
  const groups = groupBy(rows, keyOf);
  const sum = (group, of) => group.reduce((total, row) => total + row[of], 0);
  return [...groups]
    .map(([key, group]) => ({
      key,
      calls: group.length,
      ms: sum(group, "ms"),
      flop: sum(group, "flop"),
      bytes: sum(group, "bytes"),
      touched: group[0].bytes,
    }))
    .toSorted((a, b) => b.ms - a.ms);
}

export function byOp(rows, all) {
  const lines = grouped(rows, ({ op }) => op).map(({ key, calls, ms }) => [
    ...[key, calls],
    ...[figure(ms), `${((100 * ms) / all).toFixed(1)} %`],
  ]);
  return table(["op", "calls", "ms", "share"], lines);
}

/** What an instruction could reach at best: FLOP, or bytes read and written, by one core or several. */
export function bySize(rows, all, ceiling, threads) {
  const lines = grouped(rows, ({ label }) => label).map(
    ({ key, calls, ms, flop, bytes, touched }) => {
      const share = `${((100 * ms) / all).toFixed(1)} %`;
      const [rate, unit, best] =
        flop > 0
          ? [flop / ms / 1e6, "GFLOP/s", ceiling.gflops]
          : [bytes / ms / 1e6, "GB/s", ceiling.gbsFor(touched)];
      const reached = percent(rate / best / threads);
      return [key, calls, figure(ms), share, `${figure(rate)} ${unit}`, reached];
    },
  );
  const MOST = 30;
  const shown = lines.slice(0, MOST);
  const rest = lines.length > MOST ? `\n\n${lines.length - MOST} more kinds are not shown` : "";
  return table(["instruction", "calls", "ms", "share", "rate", "of ceiling"], shown) + rest;
}
