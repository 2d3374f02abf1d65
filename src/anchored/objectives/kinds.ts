import { type Method, objectives } from "./methods.ts";
import { isAnchored, type SettingName, type TargetKind } from "./objective.ts";

const isMethod = (name: string): name is Method => Object.hasOwn(objectives, name);

/** What a method compares the student with; undefined for a name that is no method's. */
export const targetOf = (method: string): TargetKind | undefined =>
  isMethod(method) ? objectives[method].target : undefined;

/** Methods with outer steps, each of which is certified. */
export const anchoredMethods: readonly Method[] = Object.keys(objectives)
  .filter(isMethod)
  .filter((method) => isAnchored(objectives[method].target));

/** Whether a method says nothing without a setting. */
export const requires = (method: string, setting: SettingName): boolean =>
  isMethod(method) && objectives[method].needs.includes(setting);

/** Whether a setting changes what a method does. */
export const heeds = (method: string, setting: SettingName): boolean =>
  requires(method, setting) || (isMethod(method) && objectives[method].knows.includes(setting));
