import { availableParallelism } from "node:os";
import { createEngine, type EngineOptions } from "../../engines/create.ts";
import type { Engine } from "../../engines/engine.ts";

/** More threads than that, on a machine with fewer cores, cost memory and gain nothing. */
export const MOST_THREADS: number = Math.max(64, availableParallelism());

/**
 * Starts an engine, as long as nobody says stop.
 * @returns undefined when the signal came first; what was begun is closed when it is there
 */
export async function startEngine(
  options: EngineOptions,
  signal: AbortSignal,
): Promise<Engine | undefined> {
  if (signal.aborted) return undefined;
  const starting = createEngine(options);
  let hear = (): void => {};
  const stopped = new Promise<undefined>((resolve) => {
    hear = () => resolve(undefined);
    signal.addEventListener("abort", hear, { once: true });
  });
  try {
    const engine = await Promise.race([starting, stopped]);
    if (!engine)
      starting.then(
        (late) => late.close(),
        () => {},
      );
    return engine;
  } finally {
    signal.removeEventListener("abort", hear);
  }
}
