/** A process that runs a row, keeps it every few steps, and tells what it measures, line by line. */

import { createEngine } from "../../../src/engines/create.ts";
import { measurementText } from "../../../src/experiment/measurements.ts";
import { runJob } from "../../../src/experiment/sweep/runJob.ts";
import { checkpointFolder } from "../../../src/weights/files.ts";
import { tinyRecipe } from "../tiny.ts";

const [folder = "", row = ""] = process.argv.slice(2);
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
for await (const m of runJob(engine, { recipe, seed: 0, row }, stores))
  if (m.kind !== "attempt") process.stdout.write(`${measurementText(m)}\n`);
await engine.close();
