import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { background } from "../../src/logs/background.ts";
import { endedRuns } from "../../src/logs/endedRuns.ts";
import type { Tracker } from "../../src/logs/log.ts";

/** Somebody who takes numbers, or not; the clock stands where it is set. */
function open(most = 100) {
  const world = { now: 0, isAway: false, got: [] as number[], tries: 0, errors: [] as unknown[] };
  const items = background<number>({
    send: async (item) => {
      world.tries++;
      if (world.isAway) throw new Error("away");
      world.got.push(item);
    },
    ...{ most, limit: 30_000, now: () => world.now, failed: (error) => world.errors.push(error) },
  });
  return { world, items };
}
const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

describe("items in the background", () => {
  it("are sent in their order, while nobody waits for them", async () => {
    const { world, items } = open();
    for (const item of [1, 2, 3]) items.add(item);
    expect(await items.end()).toBe(0);
    expect(world.got).toEqual([1, 2, 3]);
  });

  it("wait longer and longer for somebody who is away, who then gets all of them", async () => {
    const { world, items } = open();
    world.isAway = true;
    const triedAt: number[] = [];
    for (world.now = 0; world.now <= 130_000; world.now += 500) {
      const before = world.tries;
      items.add(world.now);
      await settled();
      if (world.tries > before) triedAt.push(world.now);
    }
    expect(triedAt).toEqual([0, 1000, 3000, 7000, 15_000, 31_000, 63_000, 123_000]);
    expect(world.errors).toHaveLength(triedAt.length);
    world.isAway = false;
    expect(await items.end()).toBe(160 + 1);
    expect(world.got).toHaveLength(100);
    expect(world.got).toEqual(world.got.toSorted((a, b) => a - b));
  });

  it("are counted where they are lost, and not where they went while others took their place", async () => {
    const sent: number[] = [];
    let go = (): void => {};
    const items = background<number>({
      send: (item) => {
        sent.push(item);
        return sent.length > 1 ? Promise.resolve() : new Promise((resolve) => (go = resolve));
      },
      ...{ most: 2, limit: 30_000, failed: () => {} },
    });
    for (const item of [1, 2, 3, 4]) items.add(item);
    go();
    // The first was on its way; the second had to go.
    expect(await items.end()).toBe(1);
    expect(sent).toEqual([1, 3, 4]);
  });

  describe("at the end", () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    it("wait no longer than they may", async () => {
      const items = background<number>({
        send: () => new Promise(() => {}),
        ...{ most: 9, limit: 30_000, failed: () => {} },
      });
      items.add(1);
      items.add(2);
      let lost: number | undefined;
      const ended = items.end().then((count) => {
        lost = count;
      });
      await vi.advanceTimersByTimeAsync(29_999);
      expect(lost).toBeUndefined();
      await vi.advanceTimersByTimeAsync(1);
      await ended;
      expect(lost).toBe(2);
    });
  });
});

describe("runs that have ended", () => {
  const run = { group: "g", name: "n", settings: {} };
  const tracker = (names: string[], isAway: () => boolean): Tracker => ({
    begin: async ({ name }) => {
      if (isAway()) throw new Error("no answer");
      return { log: async () => {}, end: async (outcome) => void names.push(`${name} ${outcome}`) };
    },
  });

  it("reach one tracker though another one is away, which is told once", async () => {
    const [here, there, told]: [string[], string[], string[]] = [[], [], []];
    const trackers = [tracker(here, () => false), tracker(there, () => true)];
    const runs = endedRuns(trackers, "the sweep", (text) => told.push(text));
    for (const name of ["a", "b", "c"]) runs.add({ ...run, name }, async () => {});
    await runs.end();
    expect(here).toEqual(["a finished", "b finished", "c finished"]);
    expect(there).toEqual([]);
    expect(told).toEqual([
      "logging: no answer; the sweep goes on",
      "logging: 3 runs could not be logged",
    ]);
  });

  it("are all logged by a tracker that is back at the end", async () => {
    const [names, told]: [string[], string[]] = [[], []];
    let isAway = true;
    const runs = endedRuns([tracker(names, () => isAway)], "the sweep", (text) => told.push(text));
    runs.add({ ...run, name: "a" }, async () => {});
    await settled();
    isAway = false;
    runs.add({ ...run, name: "b" }, async () => {});
    await runs.end();
    expect(names).toEqual(["a finished", "b finished"]);
    expect(told).toEqual(["logging: no answer; the sweep goes on"]);
  });
});
