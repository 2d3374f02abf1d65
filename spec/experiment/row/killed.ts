/**
 * A process that runs a row, keeps it every few steps, and tells what it measures, line by line; told to, it is
 * killed after so many: whoever reads them would be late on a busy machine.
 */

import { writeSync } from "node:fs";
import { createEngine } from "../../../src/engines/create.ts";
import { measurementText } from "../../../src/experiment/measurements.ts";
import { runJob } from "../../../src/experiment/sweep/runJob.ts";
import { checkpointFolder } from "../../../src/weights/files.ts";
import { tinyRecipe } from "../tiny.ts";

const [folder = "", row = "", killedAfter] = process.argv.slice(2);
const engine = await createEngine({ backend: "wasm", threads: 1 });
const stores = {
  checkpoints: checkpointFolder(`${folder}/checkpoints`),
  pretrained: checkpointFolder(`${folder}/pretrained`),
  unfinished: checkpointFolder(`${folder}/unfinished`),
  keepEvery: 2,
};
const recipe = {
  ...tinyRecipe,
  fineTuning: { ...tinyRecipe.fineTuning, examples: 64, epochs: 4 },
};
let told = 0;
for await (const m of runJob(engine, { recipe, seed: 0, row }, stores)) {
  if (m.kind === "attempt") continue;
  writeSync(1, `${measurementText(m)}\n`);
  if (++told === Number(killedAfter)) process.kill(process.pid, "SIGKILL");
}
await engine.close();
