import { type MethodName, methodNames } from "../anchored/objectives/names.ts";
import type { Treatment } from "./recipe.ts";

/** What every way to come to a row's weights is called: the methods, and two that are none. */
export const treatmentNames: { readonly [T in Treatment["method"]]: MethodName } = {
  base: { label: "The base as it is", short: "Base" },
  ...methodNames,
  merge: { label: "WiSE-FT, average of weights", short: "WiSE-FT" },
};

/** Whether a name, such as a family's, is that of a treatment. */
export const isTreatment = (name: string): name is Treatment["method"] =>
  Object.hasOwn(treatmentNames, name);
