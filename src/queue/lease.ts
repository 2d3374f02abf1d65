import { isAway } from "./connect.ts";

export interface LeaseOptions {
  /** So long, ms, nobody else gets the job after a renewal. */
  readonly duration: number;
  /** Between two renewals, ms. */
  readonly every: number;
  /** @returns whether the job is still one's own */
  readonly renew: () => Promise<boolean>;
  /** Called once, with the reason. */
  readonly lost: (why: string) => void;
  /** Milliseconds, from any origin. */
  readonly now?: () => number;
}

/** What keeps a job to a worker. */
export interface Lease {
  /** Renews now. @returns whether it is still one's own; waits for a server that is away */
  confirm(): Promise<boolean>;
  end(): void;
}

/** Before trying again, ms, where a renewal failed. */
const AGAIN = 1000;

/**
 * Renews a lease again and again. It is lost when the server says so, and when nothing was heard of
 * the server for as long as it lasts: then somebody else may have the job already.
 */
export function keepLease(options: LeaseOptions): Lease {
  const { duration, every, renew, lost, now = () => performance.now() } = options;
  let ended = false;
  // None of them keeps a process that has nothing else to do.
  let next: NodeJS.Timeout | undefined;
  let last: NodeJS.Timeout | undefined;
  let wake: (() => void)[] = [];

  const end = (): void => {
    ended = true;
    clearTimeout(next);
    clearTimeout(last);
    for (const each of wake) each();
    wake = [];
  };
  const lose = (why: string): void => {
    if (ended) return;
    end();
    lost(why);
  };
  /** Counted from when the renewal was sent: nobody knows when it arrived. */
  const holdsFrom = (sent: number): void => {
    clearTimeout(last);
    const left = Math.max(0, sent + duration - now());
    last = setTimeout(
      () => lose(`its lease of ${duration / 1000} s could not be renewed`),
      left,
    ).unref();
  };
  /** @returns whether the server has answered that it holds */
  const ask = async (): Promise<boolean> => {
    const sent = now();
    try {
      const mine = await renew();
      if (ended) return false;
      if (mine) holdsFrom(sent);
      else lose("the queue has given it to somebody else");
      return mine;
    } catch (error) {
      if (!isAway(error)) lose(`its lease was refused: ${String(error)}`);
      return false;
    }
  };
  const plan = (pause: number): void => {
    clearTimeout(next);
    if (ended) return;
    const again = async (): Promise<void> => plan((await ask()) ? every : Math.min(every, AGAIN));
    next = setTimeout(again, pause).unref();
  };
  holdsFrom(now());
  plan(every);
  return {
    end,
    confirm: async () => {
      while (!ended) {
        if (await Promise.race([ask(), new Promise<false>((no) => wake.push(() => no(false)))]))
          return true;
        if (!ended) await new Promise<void>((go) => setTimeout(go, Math.min(every, AGAIN)).unref());
      }
      return false;
    },
  };
}
