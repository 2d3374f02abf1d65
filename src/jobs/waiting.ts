import type { QueueState } from "../queue/job.ts";
import { Unreachable } from "../store/store.ts";
import { DataError } from "../tensor/errors.ts";
import { withResolvers } from "./withResolvers.ts";

export interface WaitingOptions<T> {
  /** What the store has of a job; undefined where nobody has finished it. */
  readonly finished: (key: string) => Promise<T | undefined>;
  readonly stateOf: (key: string) => Promise<QueueState>;
  /** Enqueues it once more: the queue has lost it. */
  readonly sendAgain: (key: string) => Promise<void>;
  /** Between two rounds of looking, ms. */
  readonly every: number;
  readonly warn: (error: Error) => void;
}

/** Jobs that are waited for. */
export interface Waiting<T> {
  /** Resolves when the store has a job's result. @throws what the job failed with */
  waitFor(key: string): Promise<T>;
  /** Looks at a job now: there is news of it. */
  look(key: string): void;
  /** Whoever waits for it is told the error. */
  end(key: string, error: Error): void;
  /** Everybody is told. */
  close(error: Error): void;
}

/** Jobs that are looked at in one round, those first that were not for the longest time. */
const ROUND = 32;

interface Waiter<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
  looking: boolean;
}

/**
 * Waits for jobs that others run. The store decides: events may be missed, and a queue may lose what
 * it was told last when its server dies, so jobs are looked at in turn all the same.
 */
export function waiting<T>(options: WaitingOptions<T>): Waiting<T> {
  const { finished, stateOf, sendAgain, every, warn } = options;
  /** In the order in which they were looked at. */
  const waiters = new Map<string, Waiter<T>>();

  const settle = (key: string, tell: (waiter: Waiter<T>) => void): void => {
    const waiter = waiters.get(key);
    waiters.delete(key);
    if (waiter) tell(waiter);
    if (waiters.size === 0) clearInterval(timer);
  };

  const look = async (key: string): Promise<void> => {
    const waiter = waiters.get(key);
    if (!waiter || waiter.looking) return;
    waiter.looking = true;
    // To the end of the line.
    waiters.delete(key);
    waiters.set(key, waiter);
    try {
      // The state first: a job that ends in between has its result in the store by then.
      const state = await stateOf(key);
      const value = await finished(key);
      if (value !== undefined) settle(key, ({ resolve }) => resolve(value));
      else if (state.kind === "failed")
        settle(key, ({ reject }) => reject(new Error(state.reason)));
      else if (state.kind === "unknown" || state.kind === "finished") await sendAgain(key);
    } catch (error) {
      const given = error instanceof Error ? error : new Error(String(error));
      // A store that is away is asked again; one that is damaged stays so.
      if (given instanceof DataError && !(given instanceof Unreachable))
        settle(key, ({ reject }) => reject(given));
      else warn(given);
    } finally {
      waiter.looking = false;
    }
  };

  const round = (): void => {
    for (const key of [...waiters.keys()].slice(0, ROUND)) look(key).catch(warn);
  };
  let timer: NodeJS.Timeout | undefined;

  return {
    waitFor: (key) => {
      const known = waiters.get(key);
      if (known) return known.promise;
      const { promise, resolve, reject } = withResolvers<T>();
      if (waiters.size === 0) timer = setInterval(round, every);
      waiters.set(key, { promise, resolve, reject, looking: false });
      return promise;
    },
    look: (key) => void look(key),
    end: (key, error) => settle(key, ({ reject }) => reject(error)),
    close: (error) => {
      for (const key of [...waiters.keys()]) settle(key, ({ reject }) => reject(error));
    },
  };
}
