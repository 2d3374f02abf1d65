import { builtin } from "./builtin.ts";

/** Milliseconds for which the event loop may be kept waiting. */
const PERIOD = 50;

/**
 * Gives the event loop a turn where it had none for a while. Work whose promises all resolve at once
 * runs from one to the next, and nobody is heard meanwhile: no Ctrl-C, no click, no timer.
 * @param now milliseconds
 */
export function turns(now: () => number = () => performance.now()): () => Promise<void> {
  const later = builtin<typeof import("node:timers")>("node:timers")?.setImmediate ?? setTimeout;
  let last = now();
  return async () => {
    if (now() - last < PERIOD) return;
    await new Promise<void>((resolve) => {
      later(resolve);
    });
    last = now();
  };
}
