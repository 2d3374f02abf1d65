import type { RowRecipe } from "../recipe.ts";
import { treatmentNames } from "../treatments.ts";

/** How rows of a family are drawn and named. */
export interface RowStyle {
  readonly name: string;
  /** A CSS colour. */
  readonly color: string;
}

export type Family =
  | "base"
  | "sft"
  | "anchored"
  | "probability"
  | "moving"
  | "asft"
  | "merge"
  | "other";

/** Kinds of rows, each with a colour of its own; the page's style defines the variables. */
export const families: Readonly<Record<Family, RowStyle>> = {
  base: { name: "base", color: "var(--base)" },
  sft: { name: treatmentNames.sft.short, color: "var(--sft)" },
  anchored: { name: "Anchored Learning, logit", color: "var(--anchored)" },
  probability: { name: "Anchored Learning, probability", color: "var(--probability)" },
  moving: { name: "every-step anchor", color: "var(--moving)" },
  asft: { name: treatmentNames.asft.short, color: "var(--asft)" },
  merge: { name: treatmentNames.merge.short, color: "var(--merge)" },
  other: { name: "other methods", color: "currentColor" },
};

const isFamily = (name: string): name is Family => Object.hasOwn(families, name);

export const familyOf = ({ family }: RowRecipe): Family => (isFamily(family) ? family : "other");
