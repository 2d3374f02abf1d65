import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { repeatedly } from "../../src/jobs/repeatedly.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("does a thing again and again, one at a time, and once more when asked", async () => {
  const ends: (() => void)[] = [];
  const begin = (): Promise<void> =>
    new Promise((resolve, reject) => ends.push(ends.length === 0 ? () => reject("no") : resolve));
  const repeated = repeatedly(begin, 100);
  await vi.advanceTimersByTimeAsync(350);
  expect(ends).toHaveLength(1);
  let isDone = false;
  const asked = repeated.now().then(() => {
    isDone = true;
  });
  // A failure ends it like anything else.
  ends[0]?.();
  await vi.advanceTimersByTimeAsync(0);
  expect([ends.length, isDone]).toEqual([2, false]);
  ends[1]?.();
  await asked;
  await vi.advanceTimersByTimeAsync(100);
  expect(ends).toHaveLength(3);
  let isStopped = false;
  const stopped = repeated.stop().then(() => {
    isStopped = true;
  });
  await vi.advanceTimersByTimeAsync(0);
  expect(isStopped).toBe(false);
  ends[2]?.();
  await stopped;
  await vi.advanceTimersByTimeAsync(1000);
  expect(ends).toHaveLength(3);
});
