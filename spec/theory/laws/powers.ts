/**
 * Power means between the geometric and the arithmetic one: a mean of power r in [0, 1] is no less than the geometric
 * mean and sums to no more than 1, so N1 holds on all of these paths, law 1 with it.
 */
import { kl } from "../../../src/anchored/objectives/divergences.ts";
import { interpolate } from "../../../src/anchored/objectives/interpolations.ts";
import { add, mul } from "../../../src/tensor/ops.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import type { Law, Scene } from "./laws.ts";
import { rounding } from "./oneStep.ts";

/** Powers nearer to 0 than that amplify what float32 rounds. */
const SMALLEST = 0.1;

/** A power from 0 to 1, and the anchor on its path. */
function onPath({ snapshotLogits, referenceLogits, alpha, later }: Scene): Tensor {
  const power = later < SMALLEST ? 0 : later;
  return interpolate({ power }, alpha)(snapshotLogits, referenceLogits);
}

export const powerLaws: readonly Law[] = [
  {
    name: "N1: KL(r‖q) ≤ (1−α)·KL(r‖p) + α·KL(r‖s), whatever r, for powers from 0 to 1",
    spaces: ["probability"],
    sides: (scene) => {
      const { judge, p, s, alpha } = scene;
      const bound = add(mul(kl(judge, p), 1 - alpha), mul(kl(judge, s), alpha));
      return [kl(judge, onPath(scene)), "≤", add(bound, rounding(scene, p, s))];
    },
  },
];
