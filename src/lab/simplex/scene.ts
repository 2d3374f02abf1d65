import { effectiveWeight, type Interpolation } from "../../anchored/objectives/interpolations.ts";
import { type LogProbs, logSoftmax, pathAt } from "./distributions.ts";
import type { SimplexState } from "./state.ts";

/** One path at one weight: what claims speak about. */
export interface Scene {
  readonly path: Interpolation;
  readonly p: LogProbs;
  readonly s: LogProbs;
  /** The anchor at `weight`: where T exact steps end. */
  readonly q: LogProbs;
  /** a_T = 1 − (1 − α)^T. */
  readonly weight: number;
  /** p_0, …, p_T, exact steps. */
  readonly trail: readonly LogProbs[];
  /** Where an inexact inner loop ended, if it is not q. */
  readonly landed?: LogProbs | undefined;
}

/** What a state looks like on a path. */
export function sceneOf(state: SimplexState, path: Interpolation): Scene {
  return sceneAt(state, path, state.alpha);
}

/** The same where all T steps together reach a weight: claims as functions of it. */
export function sceneAtWeight(state: SimplexState, path: Interpolation, weight: number): Scene {
  return sceneAt(state, path, effectiveWeight(weight, 1 / state.steps));
}

function sceneAt(state: SimplexState, path: Interpolation, alpha: number): Scene {
  const [p, s] = [logSoftmax(state.p), logSoftmax(state.s)];
  const weights = weightsOf(alpha, state.steps);
  const trail = weights.map((weight) => pathAt(path, weight, p, s));
  return {
    path,
    p,
    s,
    q: trail.at(-1) as LogProbs,
    weight: weights.at(-1) as number,
    trail,
    landed: state.landed && logSoftmax(state.landed),
  };
}

/** The weights a_0 = 0, a_1, …, a_T of s after so many exact steps. */
export const weightsOf = (alpha: number, steps: number): number[] =>
  Array.from({ length: steps + 1 }, (_, t) => (t === 0 ? 0 : effectiveWeight(alpha, t)));
