import type { Run } from "../runs/run.ts";

/** How long a recording plays, ms. */
const LENGTH = 7000;
const FRAME = 60;

/** Plays a recorded run: what it had measured at a moment of it. */
export interface Player {
  /** The run as far as it has been played. */
  played(run: Run): Run;
  play(): void;
}

/**
 * @param changed is told that more can be seen
 * Where people ask for no motion, everything is there at once.
 */
export function createPlayer(changed: () => void): Player {
  let begun = Number.NEGATIVE_INFINITY;
  const share = (): number => Math.min(1, (performance.now() - begun) / LENGTH);
  function tick(): void {
    changed();
    if (share() < 1) setTimeout(tick, FRAME);
  }
  return {
    played(run) {
      const first = run.measurements.findIndex(({ kind }) => kind === "row") + 1;
      const shown = first + Math.floor(share() * (run.measurements.length - first));
      return { ...run, measurements: run.measurements.slice(0, shown) };
    },
    play() {
      if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
      begun = performance.now();
      tick();
    },
  };
}
