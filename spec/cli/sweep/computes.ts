/** A program that says what its process computes with, and what comes of it. */

import { createHash } from "node:crypto";
import { createEngine } from "../../../src/engines/create.ts";
import { numericsOf } from "../../../src/engines/numerics.ts";
import { pretrainingName } from "../../../src/experiment/row/pretrainingName.ts";
import { jobKey } from "../../../src/experiment/sweep/jobKey.ts";
import { runJob } from "../../../src/experiment/sweep/runJob.ts";
import { sftCache } from "../../../src/finetune/files/sftCache.ts";
import { completeRecipe } from "../../../src/finetune/recipe.ts";
import { checkpointsInMemory } from "../../../src/weights/store.ts";
import { tinyRecipe } from "../../experiment/tiny.ts";

/** What the program writes, as JSON. */
export interface Computed {
  readonly class: string;
  readonly device: string;
  /** What carries the numerics. */
  readonly names: readonly string[];
  /** SHA-256 of what a pre-training measures and of its weights. */
  readonly digest: string;
}

const threads = Number(process.argv[2]);
const engine = await createEngine({ backend: "wasm", threads });
const numerics = numericsOf(engine);
const job = { recipe: tinyRecipe, seed: 0, row: "base" };
const stores = { checkpoints: checkpointsInMemory(), pretrained: checkpointsInMemory() };
const hash = createHash("sha256");
for await (const m of runJob(engine, job, stores))
  if (m.kind !== "attempt") hash.update(JSON.stringify(m));
const weights = await stores.checkpoints.load("seed-0/base");
for (const [name, { data }] of Object.entries(weights?.tensors ?? {}))
  hash.update(name).update(data);
const inputs = { model: "m", data: "d", retain: undefined, eval: undefined };
const finetune = completeRecipe({ model: "m", data: "d" });
const computed: Computed = {
  ...{ class: numerics.class, device: engine.description, digest: hash.digest("hex") },
  names: [
    await pretrainingName(tinyRecipe, 0, numerics),
    await jobKey(job, numerics, {}),
    sftCache("runs/a", finetune, inputs, numerics).path,
  ],
};
process.stdout.write(JSON.stringify(computed));
await engine.close();
