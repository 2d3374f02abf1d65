/** What is done again and again, never twice at a time. */
export interface Repeated {
  /** Does it once more, behind what is under way; a failure is as if it had not been tried. */
  now(): Promise<void>;
  /** Ends it; nothing of it is under way any more when this returns. */
  stop(): Promise<void>;
}

/** @param every milliseconds between two beginnings; one that takes longer has the next one left out */
export function repeatedly(run: () => Promise<void>, every: number): Repeated {
  let running: Promise<void> | undefined;
  const start = (): Promise<void> => {
    running ??= run()
      .catch(() => {})
      .finally(() => {
        running = undefined;
      });
    return running;
  };
  const timer = setInterval(start, every);
  return {
    now: async () => {
      await running;
      await start();
    },
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
