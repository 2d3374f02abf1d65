import { PlaceLost } from "../queue/job.ts";
import { whenReached } from "../store/patience.ts";
import { ResultConflict } from "../store/records.ts";
import { Conflict } from "../store/store.ts";

/**
 * Does what a place owes a job: its store and disk are the place's, not the job's, and where they fail
 * it may succeed elsewhere. A store that is away is waited for, as long as the job is one's own: nobody
 * else would reach it either.
 * @throws PlaceLost; a conflict of results as it is
 */
export async function placed<T>(run: () => Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await whenReached(run, signal, () => {});
  } catch (error) {
    if (error instanceof ResultConflict || error instanceof Conflict) throw error;
    throw new PlaceLost(error instanceof Error ? error.message : String(error));
  }
}
