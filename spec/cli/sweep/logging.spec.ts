import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rowLogger } from "../../../src/cli/sweep/logging.ts";
import { loggingOf } from "../../../src/cli/terminal/logging.ts";
import type { Measurement } from "../../../src/experiment/measurements.ts";
import { smokeRecipe } from "../../../src/experiment/recipes/smoke.ts";
import { otherScores } from "../../experiment/summary/scores.ts";
import { readEvents } from "../../logs/reader.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "anchorgrad-logging-"));
});
afterAll(() => rm(folder, { recursive: true }));

const job = { recipe: smokeRecipe, seed: 3, row: "sft-5e-3" } as unknown as Parameters<
  ReturnType<typeof rowLogger>["log"]
>[0];
const place = { seed: 3, row: "sft-5e-3" };
const measurements: readonly Measurement[] = [
  {
    ...{ kind: "progress", seed: 3, stage: { kind: "row", id: "sft-5e-3" } },
    ...{ step: 8, steps: 80, loss: 0.5, tokens: 100 },
  },
  {
    ...otherScores,
    ...{ kind: "row", ...place, target: 0.75, prior: { rev: 1 }, signOff: 0 },
    ...{ klFromBase: 0.125, klToBase: 0 },
  },
];

describe("rows of a sweep", () => {
  it("are runs of a tracker, with their settings, losses and what they came to", async () => {
    const told: string[] = [];
    const given = { log: `tensorboard=${folder}`, tag: "a, b", note: "mine" };
    const log = rowLogger(loggingOf(given, {}), "alpha", (text) => told.push(text));
    log.log(job, measurements);
    await log.end();
    const run = join(folder, "alpha", "smoke-sft-5e-3-seed-3");
    const [file] = await readdir(run);
    const events = readEvents(await readFile(join(run, file as string)));
    expect(events[0]?.text).toContain("| learningRate | 0.005 |");
    expect(events[0]?.text).toContain("| tags | a, b |");
    expect(events).toContainEqual({ step: 8, tag: "loss", value: 0.5 });
    expect(events).toContainEqual({ step: 8, tag: "target", value: 0.75 });
    expect(events).toContainEqual({ step: 8, tag: "prior.rev", value: 1 });
    expect(events.map(({ tag }) => tag)).not.toContain("seed");
    expect(told).toEqual([]);
  });

  it("that cannot be logged stop no sweep, and that is said once", async () => {
    const told: string[] = [];
    const logging = loggingOf({ log: "mlflow=http://127.0.0.1:1" }, {});
    const log = rowLogger(logging, "alpha", (text) => told.push(text));
    log.log(job, measurements);
    log.log(job, measurements);
    await log.end();
    expect(told).toHaveLength(2);
    expect(told[0]).toMatch(/no answer.*; the sweep goes on$/);
    expect(told[1]).toBe("logging: 2 runs could not be logged");
  });

  it("go nowhere else where nobody asked", async () => {
    const log = rowLogger(loggingOf({}, {}), "alpha", () => {});
    log.log(job, measurements);
    await log.end();
  });
});
