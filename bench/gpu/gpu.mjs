// Where a training step's time goes on a GPU: Node's WebGPU, each launch timed by the GPU's own clock.
import { createGpuDevice } from "../../dist/src/engines/gpu/device.js";
import { trace } from "../../dist/src/engines/trace.js";
import { expectLosses, trainingStep } from "../gpt.mjs";
import { flopOf, MODELS } from "../peers/spec.mjs";
import { donatedLeaves, openPlan } from "../planned.mjs";
import { median } from "../statistics.mjs";
import { figure, percent } from "../table.mjs";
import { describeGpuCeiling, measureGpuCeiling } from "./ceiling.mjs";
import { provideTimedWebGpu } from "./clock.mjs";
import { rowsOf, timeTable } from "./rows.mjs";

/** Steps after which a repeated one gets the same memory in the same places. */
const WARM = 25;

/** @param sizes those of S, M, L that are wanted; all by default */
export async function gpu({ sizes, quick }) {
  const clock = await provideTimedWebGpu();
  if (!clock) {
    console.log("Dawn finds no GPU here: nothing measured");
    return;
  }
  const device = await createGpuDevice("webgpu");
  const ceiling = await measureGpuCeiling(clock);
  console.log(`${device.description}\n${describeGpuCeiling(ceiling)}`);
  for (const size of sizes.length > 0 ? sizes : Object.keys(MODELS))
    await profileModel(size, { device, clock, ceiling }, quick ? 3 : 20);
  await device.close();
}

async function profileModel(size, { device, clock, ceiling }, repeats) {
  const { train, start, donate } = trainingStep(MODELS[size]);
  const { plan } = trace(train, start, donatedLeaves(start, donate), device.lacking);
  const began = performance.now();
  const executable = await device.prepare(plan);
  const compileMs = performance.now() - began;
  const recording = [];
  const run = openPlan(device, noting(executable, recording), start);
  const losses = [await run()];
  await clock.timed(async () => losses.push(await run()));
  losses.push(await run());
  await expectLosses(losses, MODELS[size], { backend: "webgpu" });
  for (let i = 0; i < WARM; i++) await run();

  recording.length = 0;
  const whole = [];
  for (let i = 0; i < repeats; i++) {
    const begin = performance.now();
    await run();
    whole.push(performance.now() - begin);
  }
  const recordMs = median(recording);
  const parts = [];
  for (let i = 0; i < repeats; i++) parts.push(await clock.timed(run));
  const times = parts[0].map((_, i) => median(parts.map((part) => part[i])));
  const busy = times.reduce((sum, ms) => sum + ms, 0);
  const [step, best] = [median(whole), Math.min(...whole)];
  const rate = flopOf(MODELS[size]) / step / 1e6;
  console.log(`\n### ${size}\n
${figure(step)} ms a step by the clock (best ${figure(best)}), of which recording ${figure(recordMs)} ms; its ${times.length} launches take ${figure(busy)} ms on the GPU.
${figure(rate)} GFLOP/s, ${percent(rate / ceiling.gflops)} of the ceiling. Kernels compiled in ${figure(compileMs)} ms.\n
${timeTable(rowsOf(plan, executable.sources(), times), ceiling)}`);
  executable.dispose();
}

/** Notes how long each run takes until all of it is submitted. */
const noting = (executable, recording) => ({
  async run(inputs) {
    const begin = performance.now();
    const outputs = await executable.run(inputs);
    recording.push(performance.now() - begin);
    return outputs;
  },
});
