import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { keepLease, type Lease } from "../../src/queue/lease.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** How a server answers a renewal; `silent` never does. */
type Answer = "mine" | "others" | "away" | "silent" | "refused";
const [DURATION, EVERY] = [60_000, 6_000];

function open(answers: readonly Answer[]): {
  readonly lease: Lease;
  readonly lost: string[];
  readonly asked: number[];
} {
  const start = Date.now();
  const lost: string[] = [];
  const asked: number[] = [];
  const lease = keepLease({
    ...{ duration: DURATION, every: EVERY, now: () => Date.now() - start },
    renew: async () => {
      const answer = answers[Math.min(asked.length, answers.length - 1)];
      asked.push(Date.now() - start);
      if (answer === "silent") return new Promise<boolean>(() => {});
      if (answer === "away") throw Object.assign(new Error("away"), { code: "ECONNREFUSED" });
      if (answer === "refused") throw new Error("no such job");
      return answer === "mine";
    },
    lost: (why) => lost.push(`${Date.now() - start}: ${why}`),
  });
  return { lease, lost, asked };
}

describe("keepLease", () => {
  it("renews at its times, for as long as the server says yes", async () => {
    const { lease, lost, asked } = open(["mine"]);
    await vi.advanceTimersByTimeAsync(10 * DURATION);
    expect(lost).toEqual([]);
    expect(asked).toHaveLength((10 * DURATION) / EVERY);
    lease.end();
    await vi.advanceTimersByTimeAsync(10 * DURATION);
    expect(lost).toEqual([]);
    expect(asked).toHaveLength((10 * DURATION) / EVERY);
  });

  it("is lost when the server says so, at once and once", async () => {
    for (const answer of ["others", "refused"] as const) {
      const { lost } = open(["mine", answer]);
      await vi.advanceTimersByTimeAsync(2 * EVERY);
      expect(lost).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(10 * DURATION);
      expect(lost).toHaveLength(1);
    }
  });

  it("outlives every outage that is shorter, and none that is longer", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom<Answer>("away", "silent"),
        async (before, outage) => {
          const { lost, lease } = open([...Array<Answer>(before).fill("mine"), outage]);
          const last = before * EVERY;
          await vi.advanceTimersByTimeAsync(last + DURATION - 1);
          expect(lost).toEqual([]);
          await vi.advanceTimersByTimeAsync(1);
          expect(lost).toEqual([
            `${last + DURATION}: its lease of ${DURATION / 1000} s could not be renewed`,
          ]);
          lease.end();
        },
      ),
    );
  });

  it("asks a server that is away each second, and goes on", async () => {
    const { lost, asked } = open([...Array<Answer>(20).fill("away"), "mine"]);
    await vi.advanceTimersByTimeAsync(DURATION * 5);
    expect(lost).toEqual([]);
    expect(asked.slice(0, 22)).toEqual([
      ...Array.from({ length: 21 }, (_, i) => EVERY + 1000 * i),
      EVERY + 20_000 + EVERY,
    ]);
  });

  it("is confirmed when the server answers, not before, and not when it is lost", async () => {
    const { lease, lost } = open(["away", "away", "mine"]);
    const confirmed = lease.confirm();
    await vi.advanceTimersByTimeAsync(2000);
    expect(await confirmed).toBe(true);
    expect(lost).toEqual([]);
    const gone = open(["silent"]);
    const never = gone.lease.confirm();
    await vi.advanceTimersByTimeAsync(DURATION);
    expect(await never).toBe(false);
    expect(gone.lost).toHaveLength(1);
    expect(await open(["others"]).lease.confirm()).toBe(false);
  });
});
