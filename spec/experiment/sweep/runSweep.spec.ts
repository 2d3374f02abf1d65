import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { measurementText } from "../../../src/experiment/measurements.ts";
import { createRunIn, reopenRunIn } from "../../../src/experiment/runs/run.ts";
import { type Job, jobId, planJobs } from "../../../src/experiment/sweep/plan.ts";
import { runSweep, type SweepEvent } from "../../../src/experiment/sweep/runSweep.ts";
import type { Files } from "../../../src/weights/store.ts";
import { fakeScheduler, measurementsOf, recipeOf, studies } from "./fakes.ts";

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

/** Files in memory; a run in them. */
function memory(): Files & { readonly contents: Map<string, string> } {
  const contents = new Map<string, string>();
  return {
    contents,
    read: async (path) => {
      const text = contents.get(path);
      return text === undefined ? undefined : new TextEncoder().encode(text);
    },
    write: async (path, content) => {
      contents.set(path, `${content}`);
    },
    remove: async (path) => {
      contents.delete(path);
    },
  };
}

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
      fc.asyncProperty(capacity, dice, fc.nat(60), async (room, order, cut) => {
        const config = {
          ...{ recipe, seeds: [0], tuningSeeds: [1], backend: "reference", device: "" },
          ...{ versions: {}, started: "2026-01-02T03:04:05.000Z" },
        };
        const files = memory();
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
          expect(scheduler.closed).toBe(true);
        }
        expect(begun.toSorted()).toEqual(jobs.map(({ id }) => id).sort());
        const lines = jobs
          .flatMap((job) => measurementsOf(job))
          .map((m) => `${measurementText(m)}\n`);
        expect(files.contents.get("run/metrics.jsonl")).toBe(lines.join(""));
      }),
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

  it("ends at the signal without waiting for what runs", async () => {
    const stop = new AbortController();
    const never = { capacity: 2, submit: () => forever(), closed: false };
    const scheduler = {
      ...never,
      close: async () => {
        scheduler.closed = true;
      },
    };
    const events: SweepEvent[] = [];
    for await (const event of runSweep(jobs, scheduler, { signal: stop.signal })) {
      events.push(event);
      if (events.length === 2) stop.abort();
    }
    expect(idsOf(events, "started")).toHaveLength(2);
    expect(scheduler.closed).toBe(true);
  });
});

/** A job that never measures anything. */
async function* forever(): AsyncGenerator<never, void> {
  await new Promise(() => {});
}
