import type { RowRecipe } from "../recipe.ts";

/** Kinds of rows, each with a colour of its own; the page's style defines the variables. */
export const families = {
  base: { name: "base", color: "var(--base)" },
  sft: { name: "SFT", color: "var(--sft)" },
  anchored: { name: "Anchored Learning, logit", color: "var(--anchored)" },
  probability: { name: "Anchored Learning, probability", color: "var(--probability)" },
  moving: { name: "every-step anchor", color: "var(--moving)" },
  asft: { name: "ASFT", color: "var(--asft)" },
  merge: { name: "WiSE-FT", color: "var(--merge)" },
  other: { name: "other methods", color: "currentColor" },
} as const;

export type Family = keyof typeof families;

export const familyOf = ({ family }: RowRecipe): Family =>
  Object.hasOwn(families, family) ? (family as Family) : "other";
