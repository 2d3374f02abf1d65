export interface BackgroundOptions<T> {
  /** Sends an item. @throws where it cannot be sent now; it is tried again */
  readonly send: (item: T) => Promise<void>;
  /** Items that may wait; beyond that the oldest are lost. */
  readonly most: number;
  /** Hears of each failure. */
  readonly failed: (error: unknown) => void;
  /** So long, ms, the end waits for what has not been sent. */
  readonly limit: number;
  /** Milliseconds, from any origin. */
  readonly now?: () => number;
}

/** Items on their way to somebody whom nobody waits for. */
export interface Background<T> {
  /** Sends an item as soon as those before it are sent; returns at once. */
  add(item: T): void;
  /** Sends what waits, unless that fails or takes too long. @returns how many items were lost in all */
  end(): Promise<number>;
}

/** Between a failure and the next try, ms: the first, doubled with each that follows, and the longest. */
const [FIRST, LONGEST] = [1000, 60_000];

/** Sends items one after the other while the work goes on, whether or not anybody takes them. */
export function background<T>(options: BackgroundOptions<T>): Background<T> {
  const { send, most, failed, limit, now = () => performance.now() } = options;
  const waiting: { readonly item: T }[] = [];
  let lost = 0;
  let sending: Promise<void> | undefined;
  let [pause, notBefore] = [FIRST, Number.NEGATIVE_INFINITY];
  let isEnding = false;

  const sendAll = async (): Promise<void> => {
    for (let [first] = waiting; first; [first] = waiting) {
      try {
        await send(first.item);
      } catch (error) {
        failed(error);
        notBefore = now() + pause;
        pause = Math.min(2 * pause, LONGEST);
        return;
      }
      pause = FIRST;
      // It may have made room for others meanwhile, and then was not lost.
      if (waiting[0] === first) waiting.shift();
      else lost--;
    }
  };
  const start = (): Promise<void> => {
    if (!isEnding && now() < notBefore) return Promise.resolve();
    sending ??= sendAll().finally(() => {
      sending = undefined;
    });
    return sending;
  };
  return {
    add: (item) => {
      waiting.push({ item });
      if (waiting.length > most) {
        waiting.shift();
        lost++;
      }
      void start();
    },
    end: async () => {
      isEnding = true;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, limit);
      });
      // What is on its way first; if that fails, it is tried once more.
      const all = (async () => {
        await sending;
        await start();
      })();
      await Promise.race([all, late]);
      clearTimeout(timer);
      return lost + waiting.length;
    },
  };
}
