import { setTimeout as wait } from "node:timers/promises";
import { Unreachable } from "./store.ts";

/** Between two tries, ms, where a store did not answer. */
const PAUSE = 5000;

/**
 * Asks a store again while it does not answer.
 * @param signal ends the patience: the last error is thrown then
 * @throws whatever else is wrong, at once
 */
export async function whenReached<T>(
  ask: () => Promise<T>,
  signal: AbortSignal,
  warn: (error: Error) => void,
  pause: number = PAUSE,
): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Unreachable) || signal.aborted) throw error;
      warn(error);
      await wait(pause, undefined, { signal }).catch(() => {});
    }
  }
}
