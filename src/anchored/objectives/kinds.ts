import { type Method, objectives } from "./methods.ts";
import {
  isAnchored,
  type Objective,
  type SettingName,
  type TargetKind,
  targetKinds,
} from "./objective.ts";

const isMethod = (name: string): name is Method => Object.hasOwn(objectives, name);

/** What a method compares the student with; undefined for a name that is no method's. */
export const targetOf = (method: string): TargetKind | undefined =>
  isMethod(method) ? objectives[method].target : undefined;

/** Methods with outer steps, each of which is certified. */
export const anchoredMethods: readonly Method[] = Object.keys(objectives)
  .filter(isMethod)
  .filter((method) => isAnchored(objectives[method].target));

/** Whether a method follows another gradient than its loss's: then each step takes two. */
export const hasOwnGradient = (method: string): boolean =>
  isMethod(method) && objectives[method].gradient !== undefined;

/** Whether a method says nothing without a setting. */
export const requires = (method: string, setting: SettingName): boolean =>
  isMethod(method) && objectives[method].needs.includes(setting);

/** Whether a setting changes what a method does. */
export const heeds = (method: string, setting: SettingName): boolean =>
  requires(method, setting) || (isMethod(method) && objectives[method].knows.includes(setting));

/**
 * The objective that a name stands for; one that is given is checked and returned.
 * @throws RangeError for a name that is no method's, TypeError for what is no objective
 */
export function objectiveOf(method: Method | Objective): Objective {
  if (typeof method === "string" && isMethod(method)) return objectives[method];
  if (typeof method === "object" && method !== null) return expectObjective(method);
  const names = Object.keys(objectives).join(", ");
  throw new RangeError(`fineTune: expected a method of ${names}, or an objective, got ${method}`);
}

function expectObjective(objective: Objective): Objective {
  const { target, perToken, needs, knows } = objective;
  if (typeof perToken !== "function")
    throw new TypeError(`fineTune method: expected a function as perToken, got ${perToken}`);
  if (!targetKinds.includes(target))
    throw new TypeError(
      `fineTune method: expected a target of ${targetKinds.join(", ")}, got ${target}`,
    );
  if (objective.exampleWeights && (isAnchored(target) || target === "snapshot"))
    throw new TypeError(
      `fineTune method: expected exampleWeights with a target that does not move, got ${target}`,
    );
  if (!Array.isArray(needs) || !Array.isArray(knows))
    throw new TypeError("fineTune method: expected lists of settings as needs and knows");
  return objective;
}

/**
 * What some methods heed and others do not. Outer steps are epochs to a method without anchors, and prior
 * examples may be in anybody's batches.
 */
export type MethodsOwn = Exclude<SettingName, "outer" | "inner" | "replayShare">;

const own: { readonly [Name in MethodsOwn]-?: true } = {
  ...{ alpha: true, interpolation: true, temperature: true, temperatureSquared: true, beta: true },
  ...{ direction: true, kdRatio: true, power: true, threshold: true, topK: true, clipRatio: true },
  ...{ period: true, tau: true, lambda: true, samplingTemperature: true },
};

export const methodsOwn: readonly MethodsOwn[] = Object.keys(own) as MethodsOwn[];
