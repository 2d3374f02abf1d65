/**
 * The time of day, ms since 1970, which stands still where the machine's clock is set back: no run ends
 * before it began, and none of its points lies before the one that was told before.
 */
export function wallClock(now: () => number = Date.now): () => number {
  let latest = Number.NEGATIVE_INFINITY;
  return () => {
    latest = Math.max(latest, now());
    return latest;
  };
}
