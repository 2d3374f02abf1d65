import type { RowRecipe } from "../../experiment/recipe.ts";
import { familyOf } from "../../experiment/report/families.ts";

/** The custom property of a row's colour: one for each kind of method. */
export const colorOf = (row: RowRecipe): string => {
  const family = familyOf(row);
  return family === "other" ? "--text" : `--${family}`;
};

/** A row's name where there is little room. */
export const shortName = ({ label, method }: RowRecipe): string =>
  method === "sft" ? "SFT" : (label.split(/[ ,]/)[0] as string);
