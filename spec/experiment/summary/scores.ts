import type { Closeness, Scores } from "../../../src/experiment/measurements.ts";

/** Of a model that is the base. */
export const unmoved: Closeness = {
  ...{ klFromBase: 0, klToBase: 0, entropy: 0.1 },
  overlap: { "1": 1, "4": 1, "16": 1 },
};

/** Figures for results that are about others. */
export const otherScores: Pick<
  Scores,
  "targetLoss" | "entropy" | "overlap" | "onTarget" | "distance"
> = {
  ...{ targetLoss: 2.5, entropy: unmoved.entropy, overlap: unmoved.overlap },
  ...{ onTarget: unmoved, distance: 1.5 },
};
