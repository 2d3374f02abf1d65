import { setTimeout as wait } from "node:timers/promises";
import { isAway } from "./connect.ts";

/** Longest pause between two tries, ms. */
const PAUSE = 5000;

/**
 * Asks again while the server is away.
 * @param signal ends the patience: the last error is thrown then
 * @throws whatever else is wrong, at once
 */
export async function patiently<T>(ask: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let pause = 100; ; pause = Math.min(PAUSE, 2 * pause)) {
    try {
      return await ask();
    } catch (error) {
      if (!isAway(error) || signal?.aborted) throw error;
      await wait(pause, undefined, signal && { signal }).catch(() => {});
    }
  }
}

/** Runs no more than so many at a time, in the order in which they came. */
export function atMost(count: number): <T>(run: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (run) => {
    if (running < count) running++;
    // Whoever ends hands its place over.
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
