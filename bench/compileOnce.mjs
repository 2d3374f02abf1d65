// node compileOnce.mjs S|M|L: the times of one fresh process as JSON, ms.
import { trace } from "../dist/src/engines/trace.js";
import { createWasmDevice } from "../dist/src/engines/wasm/device.js";
import { trainingStep } from "./gpt.mjs";
import { MODELS } from "./peers/spec.mjs";
import { donatedLeaves, openPlan } from "./planned.mjs";
import { median } from "./statistics.mjs";

const times = {};
async function timed(name, work) {
  const start = performance.now();
  const result = await work();
  times[name] = performance.now() - start;
  return result;
}

const { train, start, donate } = trainingStep(MODELS[process.argv[2]]);
const device = await timed("engine", () => createWasmDevice({ threads: 1 }));
const { plan } = await timed("trace + plan", () =>
  trace(train, start, donatedLeaves(start, donate)),
);
const executable = await timed("kernel build", () => device.prepare(plan));
times.compile = times["trace + plan"] + times["kernel build"];
const run = openPlan(device, executable, start);
await timed("first step", run);
const later = [];
for (let i = 0; i < 5; i++) {
  await timed("later step", run);
  later.push(times["later step"]);
}
const [steps, instructions] = [plan.steps.length, executable.stats().launches];
console.log(JSON.stringify({ ...times, "later step": median(later), steps, instructions }));
process.exit(0);
