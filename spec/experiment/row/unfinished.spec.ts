import { createHash } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEngine } from "../../../src/engines/create.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import { type Measurement, measurementText } from "../../../src/experiment/measurements.ts";
import { runJob } from "../../../src/experiment/sweep/runJob.ts";
import { stepPrograms } from "../../../src/train/programs.ts";
import { type Checkpoints, checkpointsInMemory } from "../../../src/weights/store.ts";
import { tinyRecipe } from "../tiny.ts";

/** Steps between two times that a row is kept. */
const INTERVAL = 3;
const recipe = {
  ...tinyRecipe,
  fineTuning: { ...tinyRecipe.fineTuning, examples: 32, batchSize: 8, epochs: 3 },
};
const rowsOf = (...methods: string[]) =>
  recipe.rows.filter(({ method }) => methods.includes(method)).map(({ id }) => id);
/** A row of each kind: without outer steps, with anchors in logits, in weights. */
const kinds = ["sft-5e-3", ...rowsOf("anchored").slice(0, 1), ...rowsOf("moving").slice(0, 1)];

let engine: Engine;
/** Training steps that were computed. */
let steps = 0;
let base: Checkpoints;
beforeAll(async () => {
  const own = await createEngine({ backend: "wasm", threads: 1 });
  const compile = ((...args: Parameters<Engine["compile"]>) => {
    const program = own.compile(...args);
    if (program.name !== stepPrograms.whole) return program;
    const counted = (...inputs: Parameters<typeof program>) => {
      steps++;
      return program(...inputs);
    };
    return Object.assign(counted, program);
  }) as Engine["compile"];
  engine = { ...own, compile };
  base = checkpointsInMemory();
  for (const row of ["base", "sft-5e-3"]) await attempt(row, base);
});
afterAll(() => engine.close());

/** All measurements and the weights of a row, as bytes. */
interface Outcome {
  readonly told: readonly Measurement[];
  readonly digest: string;
}

/** Runs a row until it ends, or until it has told so much. */
async function attempt(
  row: string,
  checkpoints: Checkpoints,
  unfinished: Checkpoints = checkpointsInMemory(),
  until = Infinity,
): Promise<Outcome | undefined> {
  const job = { recipe, seed: 0, row };
  const stores = { checkpoints, pretrained: base, unfinished, keepEvery: INTERVAL };
  const told: Measurement[] = [];
  for await (const m of runJob(engine, job, stores)) {
    told.push(m);
    // As by kill −9: nothing that comes after it is done.
    if (told.length >= until) return undefined;
  }
  const weights = await checkpoints.load(`seed-0/${row}`);
  const hash = createHash("sha256");
  for (const m of told) if (m.kind !== "attempt") hash.update(`${measurementText(m)}\n`);
  for (const [name, { data }] of Object.entries(weights?.tensors ?? {}))
    hash.update(name).update(data);
  return { told, digest: hash.digest("hex") };
}

/** The weights that rows begin with, and nothing else. */
async function bases(): Promise<Checkpoints> {
  const own = checkpointsInMemory();
  for (const row of ["base", "sft-5e-3"]) {
    const weights = await base.load(`seed-0/${row}`);
    if (weights) await own.save(`seed-0/${row}`, weights);
  }
  return own;
}

describe.each(kinds)("a row that is ended by force, %s", (row) => {
  it("goes on to the same bits, and computes no more than an interval again each time", async () => {
    steps = 0;
    const whole = await attempt(row, await bases());
    const needed = steps;
    const length = whole?.told.length ?? 0;
    expect(needed).toBeGreaterThan(2 * INTERVAL);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: length - 1 }), { minLength: 1, maxLength: 3 }),
        async (cuts) => {
          const [checkpoints, unfinished] = [await bases(), checkpointsInMemory()];
          steps = 0;
          for (const cut of cuts) await attempt(row, checkpoints, unfinished, cut);
          const last = await attempt(row, checkpoints, unfinished);
          expect(last?.digest).toBe(whole?.digest);
          // One step is under way while the last is told.
          expect(steps).toBeLessThanOrEqual(needed + cuts.length * (INTERVAL + 1));
          expect(await unfinished.load(`seed-0/${row}`)).toBeUndefined();
        },
      ),
      { numRuns: 2 },
    );
  });
});

it("tells how long all attempts took", async () => {
  let time = 0;
  const [checkpoints, unfinished] = [await bases(), checkpointsInMemory()];
  await attempt("sft-5e-3", checkpoints, unfinished, 4);
  const kept = await unfinished.load("seed-0/sft-5e-3");
  const row = JSON.parse(kept?.metadata["row"] ?? "{}") as { seconds: number };
  expect(row.seconds).toBeGreaterThan(0);
  const metadata = { ...kept?.metadata, row: JSON.stringify({ ...row, seconds: 1000 }) };
  await unfinished.save("seed-0/sft-5e-3", { tensors: kept?.tensors ?? {}, metadata });
  const ended = await attempt("sft-5e-3", checkpoints, unfinished);
  for (const m of ended?.told ?? []) if (m.kind === "attempt") time = m.seconds;
  expect(time).toBeGreaterThan(1000);
});
