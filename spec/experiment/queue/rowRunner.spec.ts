import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { rowJobOf } from "../../../src/experiment/queue/rowJob.ts";
import type { RowRecord } from "../../../src/experiment/queue/rowResult.ts";
import { type RowRunner, rowRunner } from "../../../src/experiment/queue/rowRunner.ts";
import type { Recipe } from "../../../src/experiment/recipe.ts";
import { PlaceLost, type QueueJob } from "../../../src/queue/job.ts";
import { bytesOf, digestOf } from "../../../src/store/bytes.ts";
import { folderStore } from "../../../src/store/folderStore.ts";
import { attemptsOf, getResult } from "../../../src/store/records.ts";
import type { Store } from "../../../src/store/store.ts";
import { recipeOf } from "../sweep/fakes.ts";
import { requires } from "./fakeWorker.ts";

const script = fileURLToPath(new URL("child.mjs", import.meta.url));
const { numerics } = requires;
const BASE = "weights of the base";

let place: string;
let store: Store;
let base: string;
let runners: RowRunner[];
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), "anchorgrad-runner-"));
  store = folderStore(join(place, "store"));
  base = await digestOf(bytesOf(BASE));
  await store.putOnce(`blob/${base}`, bytesOf(BASE));
  runners = [];
});
afterEach(async () => {
  for (const runner of runners) await runner.close();
  await rm(place, { recursive: true });
});

const runner = (name: string, keepEvery = 60_000): RowRunner => {
  const made = rowRunner({
    ...{ store, numerics, concurrency: 1, name, script, keepEvery, place: {} },
    ...{ engine: { backend: "reference" }, work: join(place, name) },
  });
  runners.push(made);
  return made;
};

/** A row of that name, which begins with the base. */
const queued = (id: string): Promise<QueueJob> => {
  const { rows, ...rest } = recipeOf("one", 1, 1);
  const recipe: Recipe = {
    ...{ ...rest, reference: id, headline: id },
    rows: rows.map((row) => (row.id === "base" ? row : { ...row, id })),
  };
  const job = { id: `one/seed-3/${id}`, recipe, seed: 3, row: id };
  return rowJobOf(job, numerics, { base }, false);
};

const run = (by: RowRunner, { key, label, data }: QueueJob, more: object = {}): Promise<void> => {
  const { signal } = new AbortController();
  return by.run({ key, label, data, signal, progress: () => {}, ...more });
};
const listed = async (prefix: string): Promise<string[]> => {
  const keys: string[] = [];
  for await (const key of store.list(prefix)) keys.push(key);
  return keys.sort();
};
const resultOf = async ({ key }: QueueJob) => (await getResult(store, key)) as RowRecord;

describe("a runner of rows", () => {
  it("gives a process its weights as files, and takes what it leaves", async () => {
    const job = await queued("short");
    await run(runner("one"), job);
    const { weights, measurements } = await resultOf(job);
    expect(measurements).toEqual([{ kind: "row", seed: 3, row: "short", target: 1 }]);
    const kept = await new Response(await store.get(`blob/${weights}`)).text();
    expect(kept).toContain(BASE);
    const [attempt] = await attemptsOf(store, job.key);
    expect(attempt?.id).toBe("one-1");
    expect(attempt?.facts).toEqual({ kind: "attempt", seed: 3, row: "short", device: "none" });
    expect(await readdir(join(place, "one", "jobs"))).toEqual([]);
    // Who comes second has nothing to do.
    await run(runner("two"), job);
    expect(await listed(`attempt/${job.key}/`)).toHaveLength(1);
  });

  it("kills its process when the job is taken from it, and others go on from where it was", async () => {
    const job = await queued("long");
    const stop = new AbortController();
    const reason = new PlaceLost("told to end");
    const first = run(runner("one"), job, {
      signal: stop.signal,
      progress: () => stop.abort(reason),
    });
    await expect(first).rejects.toThrow();
    const [kept] = await listed(`checkpoint/${job.key}/`);
    expect(kept).toMatch(/\/000000000007-[0-9a-f]{64}$/);
    expect(await resultOf(job)).toBeUndefined();
    await run(runner("two"), job);
    expect((await resultOf(job)).measurements).toMatchObject([{ target: 2 }]);
    expect(await listed(`checkpoint/${job.key}/`)).toEqual([]);
  });

  it("keeps what is on its way again and again", async () => {
    const job = await queued("long");
    const stop = new AbortController();
    const running = run(runner("one", 50), job, { signal: stop.signal });
    const kept = () => listed(`checkpoint/${job.key}/`);
    await expect.poll(kept).toHaveLength(1);
    stop.abort(new PlaceLost("gone"));
    await expect(running).rejects.toThrow();
  });

  it("says whose fault it is", async () => {
    const lost = run(runner("one"), await queued("lost"));
    await expect(lost).rejects.toThrow(PlaceLost);
    await expect(lost).rejects.toThrow("its process ended with code 1");
    const job = await queued("short");
    const other = run(runner("two"), { ...job, key: "0".repeat(64) });
    await expect(other).rejects.toThrow("expected the key of what it asks for");
    await expect(other).rejects.not.toThrow(PlaceLost);
    const wrong = run(runner("three"), { ...job, data: { kind: "row", recipe: 3 } });
    await expect(wrong).rejects.toThrow("recipe");
    await store.putOnce(`result/${job.key}`, bytesOf("something else"));
    await expect(run(runner("four"), job)).rejects.toThrow("it is damaged");
  });
});
