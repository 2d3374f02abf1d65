import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Waiting, waiting } from "../../src/jobs/waiting.ts";
import type { QueueState } from "../../src/queue/job.ts";
import { whenReached } from "../../src/store/patience.ts";
import { Unreachable } from "../../src/store/store.ts";
import { DataError } from "../../src/tensor/errors.ts";

const EVERY = 1000;
let states: Map<string, QueueState>;
let results: Map<string, string | Error>;
let looked: string[];
let sent: string[];
let warned: string[];
let jobs: Waiting<string>;

beforeEach(() => {
  vi.useFakeTimers();
  [states, results] = [new Map(), new Map()];
  [looked, sent, warned] = [[], [], []];
  jobs = waiting<string>({
    every: EVERY,
    stateOf: async (key) => states.get(key) ?? { kind: "waiting" },
    finished: async (key) => {
      looked.push(key);
      const result = results.get(key);
      if (result instanceof Error) throw result;
      return result;
    },
    sendAgain: async (key) => {
      sent.push(key);
    },
    warn: ({ message }) => warned.push(message),
  });
});
afterEach(() => {
  jobs.close(new Error("over"));
  vi.useRealTimers();
});

const rounds = (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(count * EVERY);

describe("waiting for jobs that others run", () => {
  it("ends when the store has the result, whatever the queue says", async () => {
    const got = jobs.waitFor("a");
    expect(jobs.waitFor("a")).toBe(got);
    await rounds(2);
    results.set("a", "its result");
    await rounds(1);
    expect(await got).toBe("its result");
    const [news, failed] = [jobs.waitFor("b"), jobs.waitFor("c")];
    results.set("b", "sooner").set("c", "in spite of it");
    states.set("c", { kind: "failed", reason: "its last worker could not say so" });
    jobs.look("b");
    await vi.advanceTimersByTimeAsync(0);
    expect(await news).toBe("sooner");
    await rounds(1);
    expect(await failed).toBe("in spite of it");
    looked = [];
    await rounds(5);
    expect(looked).toEqual([]);
  });

  it("says what a job failed with, and sends again what the queue has lost", async () => {
    const [failing, lost, gone] = ["a", "b", "c"].map((key) => jobs.waitFor(key));
    for (const each of [failing, lost, gone]) each?.catch(() => {});
    states.set("a", { kind: "failed", reason: "no such rate" });
    states.set("b", { kind: "unknown" }).set("c", { kind: "finished" });
    await rounds(1);
    await expect(failing).rejects.toThrow("no such rate");
    expect(sent).toEqual(["b", "c"]);
    jobs.end("b", new Error("it was cancelled"));
    await expect(lost).rejects.toThrow("it was cancelled");
    jobs.close(new Error("the sweep was left"));
    await expect(gone).rejects.toThrow("the sweep was left");
  });

  it("asks a store again that is away, and gives up on one that is damaged", async () => {
    const got = jobs.waitFor("a");
    results.set("a", new Unreachable("no answer"));
    await rounds(3);
    expect(warned).toEqual(["no answer", "no answer", "no answer"]);
    results.set("a", "at last");
    await rounds(1);
    expect(await got).toBe("at last");
    const damaged = jobs.waitFor("b");
    damaged.catch(() => {});
    results.set("b", new DataError("it is damaged"));
    await rounds(1);
    await expect(damaged).rejects.toThrow("it is damaged");
  });

  it("looks at each of many in its turn", async () => {
    const keys = Array.from({ length: 80 }, (_, i) => `${i}`);
    for (const key of keys) jobs.waitFor(key).catch(() => {});
    await rounds(1);
    expect(looked).toEqual(keys.slice(0, 32));
    await rounds(2);
    expect(new Set(looked)).toEqual(new Set(keys));
  });
});

describe("whenReached", () => {
  it("asks until there is an answer, or nobody wants it any more", async () => {
    let asked = 0;
    const ask = async (): Promise<string> => {
      if (++asked < 3) throw new Unreachable("no answer");
      return "here";
    };
    const stop = new AbortController();
    const got = whenReached(ask, stop.signal, () => {}, 100);
    await vi.advanceTimersByTimeAsync(200);
    expect(await got).toBe("here");
    asked = -1000;
    const left = whenReached(ask, stop.signal, () => {}, 100);
    left.catch(() => {});
    await vi.advanceTimersByTimeAsync(1000);
    stop.abort();
    await vi.advanceTimersByTimeAsync(0);
    await expect(left).rejects.toThrow(Unreachable);
    const wrong = whenReached(
      () => Promise.reject(new DataError("damaged")),
      stop.signal,
      () => {},
    );
    await expect(wrong).rejects.toThrow("damaged");
  });
});
