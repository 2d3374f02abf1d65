import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Progress } from "../../../src/experiment/measurements.ts";
import { rowJobOf } from "../../../src/experiment/queue/rowJob.ts";
import { isProgress, queueScheduler } from "../../../src/experiment/queue/scheduler.ts";
import type { RunConfig } from "../../../src/experiment/runs/config.ts";
import { type Job, planJobs, type Study } from "../../../src/experiment/sweep/plan.ts";
import { runSweep, type SweepEvent } from "../../../src/experiment/sweep/runSweep.ts";
import type { Scheduler } from "../../../src/experiment/sweep/scheduler.ts";
import { queueName, readQueueUrl } from "../../../src/queue/address.ts";
import { openSender } from "../../../src/queue/sender.ts";
import { folderStore } from "../../../src/store/folderStore.ts";
import type { Store } from "../../../src/store/store.ts";
import { kinds, type QueueServer } from "../../queue/servers.ts";
import { measurementsOf, recipeOf } from "../sweep/fakes.ts";
import { type FakeWorkerOptions, fakeWorker, requires } from "./fakeWorker.ts";

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const studies: Study[] = [
  { recipe: recipeOf("one", 4, 2), seeds: [0, 1] },
  { recipe: recipeOf("two", 3, 1), seeds: [1] },
];
const jobs = planJobs(studies);

describe("a row as a queue carries it", () => {
  const [job] = jobs.filter(({ row }) => row === "row-4") as [Job];
  const inputs = { base: "a".repeat(64), reference: "b".repeat(64) };

  it("carries of its recipe what it has to do with, and no other row", async () => {
    const { data, label, priority } = await rowJobOf(job, requires.numerics, inputs, false);
    expect({ label, priority }).toEqual({ label: "one/seed-0/row-4", priority: 3 });
    const rows = (data["recipe"] as Job["recipe"]).rows.map(({ id }) => id);
    expect(rows).toEqual(["base", "row-2", "row-4"]);
    expect(data["keepWeights"]).toBe(false);
    const base = await rowJobOf({ ...job, row: "base" }, requires.numerics, {}, false);
    expect(base).toMatchObject({ priority: 1, data: { keepWeights: true } });
  });

  it("has one key whoever asks, and another for other weights or numerics", async () => {
    const keyOf = async (one: Job, given = inputs, numerics = requires.numerics) =>
      (await rowJobOf(one, numerics, given, false)).key;
    const key = await keyOf(job);
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    const renamed = { ...job, recipe: { ...job.recipe, name: "three", headline: "row-1" } };
    expect(await keyOf(renamed)).toBe(key);
    expect(await keyOf({ ...job, seed: 7 })).not.toBe(key);
    expect(await keyOf(job, { ...inputs, base: "c".repeat(64) })).not.toBe(key);
    expect(await keyOf(job, inputs, { class: "wasm-fma", version: 1 })).not.toBe(key);
    expect(await keyOf(job, inputs, { class: "reference", version: 2 })).not.toBe(key);
  });
});

for (const kind of kinds) {
  const title = `a sweep over a ${kind.name} queue${kind.absent ? ` (skipped: ${kind.absent})` : ""}`;
  describe.skipIf(kind.absent)(title, () => {
    let server: QueueServer;
    let place: string;
    let store: Store;
    const open: (() => Promise<void>)[] = [];
    beforeAll(async () => {
      server = await kind.open();
    });
    afterAll(() => server?.close());
    beforeEach(async () => {
      place = await mkdtemp(join(tmpdir(), "anchorgrad-queue-"));
      store = folderStore(join(place, "store"));
    });
    afterEach(async () => {
      for (const close of open.splice(0)) await close();
      await rm(place, { recursive: true });
    });

    const work = async (options: Partial<FakeWorkerOptions> = {}): Promise<string[]> => {
      const began: string[] = [];
      const receiver = await fakeWorker({
        ...{ url: server.url, store, began: (id) => began.push(id), ...options },
      });
      open.push(() => receiver.close(0));
      return began;
    };
    const configOf = ({ recipe }: Job): RunConfig => ({
      ...{ recipe, seeds: range(2000), backend: "reference", numerics: requires.numerics },
      ...{ device: "loops", versions: {}, started: "2026-01-01T00:00:00Z" },
    });
    const schedule = (more: Partial<Parameters<typeof queueScheduler>[0]> = {}) =>
      queueScheduler({
        ...{ address: readQueueUrl(server.url), store, requires, configOf, every: 200 },
        checkpointsOf: ({ recipe }) => join(place, recipe.name),
        ...more,
      });
    /** Somebody who looks at the queue. */
    const watcher = async () => {
      const queue = queueName("reference-1", false);
      const address = readQueueUrl(server.url);
      const sender = await openSender({ address, queue, hear: () => {} });
      open.push(() => sender.close());
      const keyOf = async (job: Job) => (await rowJobOf(job, requires.numerics, {}, false)).key;
      return {
        stateOf: async (job: Job) => (await sender.stateOf(await keyOf(job))).kind,
        cancel: async (job: Job) => sender.cancel(await keyOf(job)),
      };
    };
    const all = async (
      of: readonly Job[],
      scheduler: Scheduler,
      signal?: AbortSignal,
    ): Promise<SweepEvent[]> => {
      const events: SweepEvent[] = [];
      const options = { leave: "detach" as const, ...(signal && { signal }) };
      for await (const event of runSweep(of, scheduler, options)) events.push(event);
      return events;
    };
    const idsOf = (events: readonly SweepEvent[], what: SweepEvent["kind"]): string[] =>
      events.flatMap((event) => (event.kind === what ? [event.job.id] : [])).sort();
    const every = jobs.map(({ id }) => id).sort();

    it("measures what its workers measured, once, and fetches the weights that others need", async () => {
      const began = await work({ concurrency: 3 });
      const told: Progress[] = [];
      const scheduler = await schedule({
        told: (_, data) => {
          if (isProgress(data)) told.push(data);
        },
      });
      const events = await all(jobs, scheduler);
      expect(idsOf(events, "finished")).toEqual(every);
      expect(began.toSorted()).toEqual(every);
      for (const event of events)
        if (event.kind === "finished")
          expect(event.measurements).toEqual(measurementsOf(event.job));
      const base = await readFile(join(place, "one", "seed-1", "base.safetensors"), "utf8");
      expect(base).toBe("weights of one/seed-1/base");
      const row = readFile(join(place, "one", "seed-1", "row-4.safetensors"));
      await expect(row).rejects.toThrow("ENOENT");
    });

    it("runs nothing whose result is there, but what somebody wants the weights of", async () => {
      const began = await work();
      await all(jobs, await schedule());
      await rm(join(place, "one"), { recursive: true });
      await all(jobs, await schedule());
      expect(began).toHaveLength(jobs.length);
      const rows = jobs.filter(({ recipe, row }) => row !== "base" && row !== recipe.reference);
      await all(jobs, await schedule({ keepWeights: true }));
      expect(began.slice(jobs.length).sort()).toEqual(rows.map(({ id }) => id).sort());
    });

    it("completes what a sweep that was killed has fetched in part", async () => {
      await work();
      await all(jobs, await schedule());
      const weights = join(place, "one", "seed-1", "base.safetensors");
      const both = () =>
        Promise.all([weights, `${weights}.sha256`].map((path) => readFile(path, "utf8")));
      const whole = await both();
      for (const path of [weights, `${weights}.sha256`]) {
        await rm(path);
        await all(jobs, await schedule());
        expect(await both()).toEqual(whole);
      }
    });

    it("says what a row failed with, and runs it again when it is asked again", async () => {
      const failing = new Set(["one/seed-0/row-2"]);
      const began = await work({ failing });
      const events = await all(jobs, await schedule());
      const failed = events.filter((event) => event.kind === "failed");
      expect(failed.map(({ job, error }) => [job.id, error.message])).toEqual([
        ["one/seed-0/row-2", "one/seed-0/row-2 cannot"],
      ]);
      expect(idsOf(events, "blocked")).toEqual(["one/seed-0/row-3", "one/seed-0/row-4"]);
      failing.clear();
      expect(idsOf(await all(jobs, await schedule()), "finished")).toEqual(every);
      expect(began).toHaveLength(jobs.length + 1);
    });

    it("is left, and goes on without anybody who watches", async () => {
      const leaving = new AbortController();
      const watching = all(jobs, await schedule(), leaving.signal);
      const bases = jobs.filter(({ id }) => /one\/seed-\d\/base/.test(id));
      const { stateOf } = await watcher();
      const states = () => Promise.all(bases.map(stateOf));
      await expect.poll(states).toEqual(["waiting", "waiting"]);
      leaving.abort();
      expect(idsOf(await watching, "finished")).toEqual([]);
      const began = await work();
      await expect.poll(() => began.toSorted()).toEqual(bases.map(({ id }) => id));
    });

    it.each([
      ["waits", "what no worker has begun"],
      ["comes", "what is on its way to the queue"],
    ])("cancels a job that %s: %s", async (when) => {
      const scheduler = await schedule();
      const { stateOf } = await watcher();
      const [base] = jobs as [Job];
      const events: SweepEvent[] = [];
      for await (const event of runSweep([base], scheduler)) {
        events.push(event);
        if (event.kind !== "started") continue;
        if (when === "waits") await expect.poll(() => stateOf(base)).toBe("waiting");
        await scheduler.cancel(base);
      }
      expect(events.map(({ kind: what }) => what)).toEqual(["started", "cancelled"]);
      expect(await stateOf(base)).not.toBe("waiting");
      const began = await work();
      await all(jobs.slice(0, 1), await schedule());
      expect(began).toHaveLength(1);
    });

    it("sends again what a queue has forgotten", async () => {
      const scheduler = await schedule();
      const [base] = jobs as [Job];
      const running = all([base], scheduler);
      const { stateOf, cancel } = await watcher();
      await expect.poll(() => stateOf(base)).toBe("waiting");
      // Somebody else takes it back.
      await cancel(base);
      await work();
      expect(idsOf(await running, "finished")).toEqual([base.id]);
    });

    it("loses and repeats none of many", async () => {
      const many = planJobs([{ recipe: recipeOf("many", 9, 1), seeds: range(20) }]);
      const began = await work({ concurrency: 8 });
      const events = await all(many, await schedule());
      const ids = many.map(({ id }) => id).sort();
      expect(idsOf(events, "finished")).toEqual(ids);
      expect(began.sort()).toEqual(ids);
    });
  });
}
