import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEngine } from "../../../src/engines/create.ts";
import type { Measurement } from "../../../src/experiment/measurements.ts";
import { type Job, planJobs } from "../../../src/experiment/sweep/plan.ts";
import { processes } from "../../../src/experiment/sweep/processes.ts";
import {
  JobCancelled,
  requirementsOf,
  type Scheduler,
  WorkerLost,
} from "../../../src/experiment/sweep/scheduler.ts";
import { at } from "../../../src/tensor/shapes.ts";
import { bundleScripts } from "../../bundled.ts";
import { tinyRecipe } from "../tiny.ts";

const recipe = { ...tinyRecipe, pretraining: { ...tinyRecipe.pretraining, steps: 400 } };
const jobs = planJobs([{ recipe, seeds: [0, 1, 2] }]).filter(({ row }) => row === "base");
/** The same job of a training that nobody waits for to its end, however late a busy machine hears of it. */
const endless = (job: Job): Job => ({
  ...job,
  recipe: { ...recipe, pretraining: { ...recipe.pretraining, steps: 1_000_000 } },
});
const place = { machine: "this one", versions: { anchorgrad: "0.0.0" } };

let folder: string;
let scheduler: Scheduler;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "anchorgrad-"));
  await bundleScripts(folder, ["src/experiment/sweep/worker.ts"]);
  const script = join(folder, "bin/worker.js");
  scheduler = processes({
    ...{ processes: 2, engine: { backend: "wasm", threads: 1 }, place, script },
    pretrained: join(folder, "pretrained"),
    checkpointsOf: () => join(folder, "checkpoints"),
    unfinishedOf: () => join(folder, "unfinished"),
  });
});
afterAll(async () => {
  await scheduler.close("cancel");
  await rm(folder, { recursive: true });
});

/** Runs a job. @param told is called with each measurement */
async function run(job: Job, told: (m: Measurement) => void = () => {}): Promise<Measurement[]> {
  const all: Measurement[] = [];
  for await (const m of scheduler.submit(job, 1)) {
    all.push(m);
    told(m);
  }
  return all;
}

describe("processes of this machine", () => {
  it("end a job that is cancelled, and no other; what was cancelled can run again", async () => {
    const [first, second] = [at(jobs, 0), at(jobs, 1)];
    const other = run(second);
    let cancelled: Promise<void> | undefined;
    const ended = run(endless(first), () => {
      cancelled ??= scheduler.cancel(first);
    });
    await expect(ended).rejects.toThrow(JobCancelled);
    await cancelled;
    await scheduler.cancel(first);
    expect((await other).at(-1)).toMatchObject({ kind: "row", seed: second.seed, row: "base" });
    expect((await run(first)).at(-1)).toMatchObject({ kind: "row", seed: first.seed });
  });

  it.each(["null", '{ kind: "measured" }', '{ kind: "failed" }'])(
    "that answer %s are not believed",
    async (reply) => {
      const script = join(folder, "stranger.mjs");
      await writeFile(script, `process.on("message", () => process.send(${reply}));`);
      const strangers = processes({
        ...{ processes: 1, engine: { backend: "wasm" }, script, pretrained: folder },
        ...{ checkpointsOf: () => folder, unfinishedOf: () => folder },
      });
      await expect(strangers.submit(at(jobs, 0), 1)[Symbol.asyncIterator]().next()).rejects.toThrow(
        "its process: expected a reply, got ",
      );
      await strangers.close("cancel");
    },
  );

  it("say with each row where it was computed", async () => {
    const told = await run(at(jobs, 2));
    const { numerics } = await requirements();
    expect(told.slice(-2)).toMatchObject([
      { kind: "attempt", seed: 2, row: "base", backend: "wasm", numerics, ...place },
      { kind: "row", seed: 2, row: "base" },
    ]);
  });

  it("end with what runs", async () => {
    const job = endless({ ...at(jobs, 0), seed: 9 });
    let closed: Promise<void> | undefined;
    const ended = run(job, () => {
      closed ??= scheduler.close("detach");
    });
    await expect(ended).rejects.toThrow(WorkerLost);
    await closed;
  });
});

async function requirements() {
  await using engine = await createEngine({ backend: "wasm", threads: 1 });
  return requirementsOf(engine);
}

it("jobs require the engine's numerics, and a GPU where it computes on one", async () => {
  expect(await requirements()).toMatchObject({ gpu: false, numerics: { version: 1 } });
  for (const backend of ["webgpu", "webgl2", "headlessgl"])
    expect(requirementsOf({ backend, numerics: `${backend}-a` }).gpu).toBe(true);
});
