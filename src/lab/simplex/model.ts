import { type LogProbs, logSoftmax } from "./distributions.ts";
import { findPreset, type Preset } from "./presets.ts";
import { type Scene, sceneOf, weightsOf } from "./scene.ts";
import { type SimplexState, stateOf } from "./state.ts";

/** What the parts of the view draw. */
export interface Model {
  readonly state: SimplexState;
  /** The preset that the state began as. */
  readonly preset: Preset;
  /** Whether anything was changed since. */
  readonly edited: boolean;
  readonly logit: Scene;
  readonly probability: Scene;
  /** Along a power mean, where one is drawn. */
  readonly power?: Scene | undefined;
  /** Weights of s: a_0, …, a_T. */
  readonly weights: readonly number[];
}

export function modelOf(state: SimplexState): Model {
  const preset = findPreset(state.preset) as Preset;
  const start = stateOf(preset);
  return {
    state,
    preset,
    edited: JSON.stringify({ ...start, ...state }) !== JSON.stringify(start),
    logit: sceneOf(state, "logit"),
    probability: sceneOf(state, "probability"),
    power: state.power === undefined ? undefined : sceneOf(state, { power: state.power }),
    weights: weightsOf(state.alpha, state.steps),
  };
}

/** What can be moved by hand. */
export type Movable = "p" | "s" | "landed";

/** The movable distributions of a state. */
export function movables(state: SimplexState): readonly (readonly [Movable, LogProbs])[] {
  const all = (["p", "s", "landed"] as const).map((which) => [which, state[which]] as const);
  return all.flatMap(([which, logits]) => (logits ? [[which, logSoftmax(logits)] as const] : []));
}

/** How the distributions are written: a letter, and what stands below it. */
export const symbols: Readonly<Record<Movable, readonly [letter: string, below?: string]>> = {
  p: ["p"],
  s: ["p", "sft"],
  landed: ["p′"],
};

/** How they are spoken of. */
export const namesOf: Readonly<Record<Movable, string>> = {
  p: "the snapshot, p",
  s: "the fine-tuned reference, p sft",
  landed: "where the optimizer ended, p′",
};
