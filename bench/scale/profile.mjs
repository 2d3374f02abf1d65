// node bench/scale/profile.mjs [MODEL] [--batch 1] [--length 256] [--layers n] [--repeats 3]: where a training
// step of a model of real size spends its time, by kernel, and how near each comes to what the processor can
// do. CPU ms, one thread, medians.
import { parseArgs } from "node:util";
import { trace } from "../../dist/src/engines/trace.js";
import { openTimedMachine } from "../../dist/src/engines/wasm/timing.js";
import { describeCeiling, measureCeiling } from "../ceiling.mjs";
import { donatedLeaves, openPlan } from "../planned.mjs";
import { byOp, bySize } from "../profile.mjs";
import { instructionRows } from "../profileRows.mjs";
import { cpuMs, median } from "../statistics.mjs";
import { figure, percent } from "../table.mjs";
import { casesOf, modelOf, weightsOf } from "./cases.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: "string", default: "1" },
    length: { type: "string", default: "256" },
    layers: { type: "string" },
    repeats: { type: "string", default: "3" },
  },
});
const [name = "135M"] = positionals;
const [B, T, repeats] = [values.batch, values.length, values.repeats].map(Number);
const model = modelOf(name, { layers: values.layers && Number(values.layers) });
const onHost = (x) => x;
const { run, donate, args } = casesOf(model, B, T).step(weightsOf(model, "float", onHost), onHost);
const ceiling = await measureCeiling();
const { plan } = trace(run, args, donatedLeaves(args, donate));
const machine = await openTimedMachine(1, cpuMs);
const step = openPlan(machine.device, machine.load(plan), args);
await step();
const [whole, parts] = [[], []];
for (let i = 0; i < repeats; i++) {
  const before = cpuMs();
  await step();
  whole.push(cpuMs() - before);
  parts.push(await machine.timed(step));
}
await machine.close();
const times = parts[0].map((_, i) => median(parts.map((part) => part[i])));
const all = times.reduce((sum, ms) => sum + ms, 0);
const rows = instructionRows(plan, 1, times);
const flop = rows.reduce((sum, row) => sum + row.flop, 0);
const rate = flop / median(whole) / 1e6;
console.log(`${describeCeiling(ceiling)}

${name}, a training step of ${B} × ${T} tokens: ${figure(median(whole))} ms, ${figure(rate)} GFLOP/s, ${percent(rate / ceiling.gflops)} of the ceiling.
Its ${times.length} instructions one by one: ${figure(all)} ms.

${byOp(rows, all)}

${bySize(rows, all, ceiling, 1)}`);
