import { type Point, paretoFrontier } from "./statistics.ts";

/** What a family has to reach for its volume to begin: 80 % of the gain and of the prior skills. */
export const CORNER: Point = { gain: 0.8, kept: 0.8 };

/**
 * Area that points dominate beyond the corner, as a share of the square from there to (1, 1): a
 * family's whole front in one number, however many of its settings make it. More than all of the
 * gain counts as all of it; who keeps more than the base had may come above 1.
 * @see Zitzler and Thiele, Multiobjective Evolutionary Algorithms (1999)
 */
export function hypervolume(points: readonly Point[]): number {
  const beyond = points
    .map(({ gain, kept }) => ({ gain: Math.min(1, gain), kept }))
    .filter(({ gain, kept }) => gain > CORNER.gain && kept > CORNER.kept);
  let [area, from] = [0, CORNER.gain];
  // By rising gain, and so by falling kept: each point adds a strip.
  for (const { gain, kept } of paretoFrontier(beyond)) {
    area += (gain - from) * (kept - CORNER.kept);
    from = gain;
  }
  return area / ((1 - CORNER.gain) * (1 - CORNER.kept));
}
