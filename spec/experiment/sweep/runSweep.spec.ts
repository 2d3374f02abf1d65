import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { type Measurement, measurementText } from "../../../src/experiment/measurements.ts";
import { createRunIn, reopenRunIn } from "../../../src/experiment/runs/run.ts";
import { type Job, jobId, planJobs } from "../../../src/experiment/sweep/plan.ts";
import { runSweep, type SweepEvent } from "../../../src/experiment/sweep/runSweep.ts";
import { DataError } from "../../../src/tensor/errors.ts";
import { at } from "../../../src/tensor/shapes.ts";
import { fakeScheduler, measurementsOf, memoryFiles, recipeOf, studies } from "./fakes.ts";

const recipe = recipeOf("study", 4, 2);
const jobs = planJobs([{ recipe, seeds: [0, 1] }]);

async function collect(events: AsyncIterable<SweepEvent>): Promise<SweepEvent[]> {
  const all: SweepEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const idsOf = (events: readonly SweepEvent[], kind: SweepEvent["kind"]): string[] =>
  events.flatMap((event) => (event.kind === kind ? [event.job.id] : []));

const die = (dice: Iterator<number>) => (): number => dice.next().value as number;
const dice = fc.infiniteStream(fc.nat(1000));
const capacity = fc.integer({ min: 1, max: 4 });

describe("runSweep", () => {
  it("runs each job once, after what it needs has finished, and no more than there is room for", () =>
    fc.assert(
      fc.asyncProperty(studies, capacity, dice, async (list, room, order) => {
        const all = planJobs(list);
        const scheduler = fakeScheduler({ capacity: room, order: die(order) });
        const events = await collect(runSweep(all, scheduler));
        expect(idsOf(events, "finished").sort()).toEqual(all.map(({ id }) => id).sort());
        const done = new Set<string>();
        let running = 0;
        for (const { kind, job } of events) {
          if (kind === "started") {
            expect(++running).toBeLessThanOrEqual(room);
            for (const need of job.needs) expect(done).toContain(need);
          }
          if (kind === "finished") {
            running--;
            done.add(job.id);
          }
        }
        expect(scheduler.closed).toBe(true);
      }),
      { numRuns: 1000 },
    ));

  it("leaves the same files whatever the order, and wherever it was cut and resumed", () =>
    fc.assert(
      fc.asyncProperty(
        capacity,
        dice,
        fc.nat(60),
        fc.boolean(),
        async (room, order, cut, joins) => {
          const config = {
            ...{ recipe, seeds: [0], tuningSeeds: [1], backend: "reference", device: "" },
            ...{ numerics: { class: "reference", version: 1 } },
            ...{ versions: {}, started: "2026-01-02T03:04:05.000Z" },
          };
          const files = memoryFiles();
          await createRunIn(files, "run", config);
          const begun: string[] = [];
          for (const limit of [cut, Infinity]) {
            const run = await reopenRunIn(files, "run");
            const finished = new Set(
              run.measurements.flatMap((m) =>
                m.kind === "row" ? [jobId("study", m.seed, m.row)] : [],
              ),
            );
            const scheduler = fakeScheduler({ capacity: room, order: die(order) });
            let events = 0;
            for await (const event of runSweep(jobs, scheduler, { finished })) {
              if (events++ >= limit) break;
              if (event.kind === "finished") {
                for (const m of event.measurements) await run.record(m);
                begun.push(event.job.id);
              }
            }
            if (limit === Infinity || joins) await run.join();
            expect(scheduler.closed).toBe(true);
          }
          expect(begun.toSorted()).toEqual(jobs.map(({ id }) => id).sort());
          const all = jobs.flatMap((job) => [...measurementsOf(job)]);
          const lines = all
            .filter((m) => m.kind !== "attempt")
            .map((m) => `${measurementText(m)}\n`);
          const attempts = all
            .filter((m) => m.kind === "attempt")
            .map((m) => `${JSON.stringify(m)}\n`);
          expect([...files.contents.keys()].sort()).toEqual([
            "run/attempts.jsonl",
            "run/config.json",
            "run/metrics.jsonl",
          ]);
          expect(files.contents.get("run/metrics.jsonl")).toBe(lines.join(""));
          expect(files.contents.get("run/attempts.jsonl")).toBe(attempts.join(""));
        },
      ),
      { numRuns: 1000 },
    ));

  it("fails what fails and what needs it, and nothing else", () =>
    fc.assert(
      fc.asyncProperty(capacity, dice, fc.subarray([...jobs]), async (room, order, bad) => {
        const failing = new Set(bad.map(({ id }) => id));
        const scheduler = fakeScheduler({ capacity: room, order: die(order), failing });
        const events = await collect(runSweep(jobs, scheduler));
        const lost = new Set<string>();
        for (const { id, needs } of jobs)
          if (failing.has(id) || needs.some((need) => lost.has(need))) lost.add(id);
        const good = jobs.flatMap(({ id }) => (lost.has(id) ? [] : [id]));
        expect(idsOf(events, "finished").sort()).toEqual(good.sort());
        const reported = [...idsOf(events, "failed"), ...idsOf(events, "blocked")];
        expect(reported.sort()).toEqual([...lost].sort());
      }),
      { numRuns: 1000 },
    ));

  it("runs a job again that lost its place, from its beginning; twice is a failure", async () => {
    const [once, twice] = [jobs[2], jobs[3]] as [Job, Job];
    const losses = new Map([
      [once.id, 1],
      [twice.id, 2],
    ]);
    const events = await collect(
      runSweep(jobs, fakeScheduler({ capacity: 2, order: () => 0, losses })),
    );
    expect(idsOf(events, "repeated").sort()).toEqual([once.id, twice.id].sort());
    expect(idsOf(events, "failed")).toEqual([twice.id]);
    const finished = events.find(({ kind, job }) => kind === "finished" && job.id === once.id);
    expect(finished).toMatchObject({ measurements: measurementsOf(once) });
  });

  it("ends what is cancelled, and what needs it", async () => {
    const scheduler = fakeScheduler({ capacity: 2, order: () => 0 });
    const base = at(jobs, 0);
    const events: SweepEvent[] = [];
    for await (const event of runSweep(jobs, scheduler)) {
      events.push(event);
      if (event.kind === "started" && event.job === base) await scheduler.cancel(base);
    }
    expect(idsOf(events, "cancelled")).toEqual([base.id]);
    expect(idsOf(events, "blocked")).toEqual(jobs.slice(1, 5).map(({ id }) => id));
    expect(idsOf(events, "finished")).toEqual(jobs.slice(5).map(({ id }) => id));
  });

  it("takes no result of other numerics", async () => {
    const requires = { numerics: { class: "wasm-fma", version: 1 }, gpu: false };
    const scheduler = { ...fakeScheduler({ capacity: 9, order: () => 0 }), requires };
    const events = await collect(runSweep(jobs, scheduler));
    expect(idsOf(events, "finished")).toEqual([]);
    const failed = events.find(({ kind }) => kind === "failed");
    expect(failed).toMatchObject({
      error: new DataError(
        `${at(jobs, 0).id}: expected the numerics that it was begun with, wasm-fma-1, got reference-1: engines and devices round otherwise`,
      ),
    });
  });

  it("looks at each job a few times, however many run at once", async () => {
    const count = async (room: number, seeds: number): Promise<number> => {
      let looks = 0;
      const watched = planJobs([
        { recipe: recipeOf("many", 50, 1), seeds: Array.from({ length: seeds }, (_, i) => i) },
      ]).map(
        (job) =>
          new Proxy(job, {
            get: (of, name) => {
              looks++;
              return Reflect.get(of, name);
            },
          }),
      );
      const submit = async function* (job: Job): AsyncGenerator<Measurement, void> {
        yield* measurementsOf({ id: "a", seed: job.seed, row: job.row });
      };
      const scheduler = { capacity: room, submit, cancel: async () => {}, close: async () => {} };
      // A race listens to all that it waits for.
      const race = vi.spyOn(Promise, "race");
      let events = 0;
      for await (const _ of runSweep(watched, scheduler)) events++;
      for (const [all] of race.mock.calls) looks += [...all].length;
      race.mockRestore();
      expect(events).toBe(watched.length * 6);
      return looks / watched.length;
    };
    const few = await count(4, 4);
    expect(await count(1000, 4)).toBeLessThan(1.5 * few);
    expect(await count(1000, 40)).toBeLessThan(1.5 * few);
    expect(few).toBeLessThan(60);
  });

  it.each(["detach", "cancel"] as const)(
    "ends at the signal without waiting: %s",
    async (leave) => {
      const stop = new AbortController();
      const scheduler = {
        ...{ capacity: 2, submit: () => forever(), cancel: async () => {}, closed: "" },
        close: async (how: string) => {
          scheduler.closed = how;
        },
      };
      const events: SweepEvent[] = [];
      for await (const event of runSweep(jobs, scheduler, { signal: stop.signal, leave })) {
        events.push(event);
        if (events.length === 2) stop.abort();
      }
      expect(idsOf(events, "started")).toHaveLength(2);
      expect(scheduler.closed).toBe(leave);
    },
  );
});

/** A job that never measures anything. */
async function* forever(): AsyncGenerator<never, void> {
  await new Promise(() => {});
}
