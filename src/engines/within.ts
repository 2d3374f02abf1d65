import { builtin } from "./builtin.ts";

/** Seconds that an engine may take to start; what starts at all does so in a few. */
const PATIENCE = 300;

/**
 * Waits no longer than that: a browser may leave what it forbids, and a driver what it cannot do, without
 * an answer.
 * @param late what to do with a result that comes after all
 * @throws Error that says what did not answer, after `seconds`
 */
export async function within<T>(
  what: string,
  work: Promise<T>,
  late: (result: T) => unknown = () => {},
  seconds: number = PATIENCE,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let given = false;
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      given = true;
      reject(new Error(`${what}, got no answer within ${seconds} seconds`));
    }, seconds * 1000);
  });
  work.then((result) => given && late(result)).catch(() => {});
  try {
    return await Promise.race([work, end]);
  } finally {
    clearTimeout(timer);
  }
}

/** So that a person who presses a key does not notice it, ms. */
const PERIOD = 50;

/**
 * Gives the event loop a turn where it had none for a while. Work whose promises all resolve at once
 * runs from one to the next, and nobody is heard meanwhile: no Ctrl-C, no click, no timer.
 * @param period milliseconds for which it may be kept waiting
 * @param now milliseconds
 */
export function turns(
  period: number = PERIOD,
  now: () => number = () => performance.now(),
): () => Promise<void> {
  const later = builtin<typeof import("node:timers")>("node:timers")?.setImmediate ?? setTimeout;
  let last = now();
  return async () => {
    if (now() - last < period) return;
    await new Promise<void>((resolve) => {
      later(resolve);
    });
    last = now();
  };
}
