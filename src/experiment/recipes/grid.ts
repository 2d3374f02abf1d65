import { combinations, idPart, type Json } from "../../json/combinations.ts";
import { DataError } from "../../tensor/errors.ts";
import { shown } from "../../text/jsonl.ts";
import { signOf } from "../settings.ts";
import { isTreatment, treatmentNames } from "../treatments.ts";

export type { Json } from "../../json/combinations.ts";

/** Fields of a grid that are not settings. */
const NAMES = ["method", "family", "label"];

/** How a label goes on; with nothing for a value that stands by itself and is said in it already. */
function labelParts(label: string, name: string, value: unknown): string[] {
  if (typeof value === "object" && value !== null)
    return Object.entries(value).flatMap(([inner, one]) => labelParts(label, inner, one));
  if (typeof value !== "string") return [`${signOf(name)}=${value}`];
  if (name === "reference") return [`from ${value}`];
  return wordsOf(label).includes(value.toLowerCase()) ? [] : [value];
}

const wordsOf = (text: string): string[] => text.toLowerCase().split(/[^\p{L}\p{N}]+/u);

/**
 * All rows of a grid: `{ "method": "anchored", "alpha": [0.1, 0.25], "outer": 1, "inner": 10 }` are
 * two rows. A list stands for its values, one a row; the last list varies fastest. Rows are named
 * after the settings that vary, and belong to the family that the grid names, or else to its method.
 * @param path where the grid stands, for errors
 * @throws DataError naming the field
 */
export function expandGrid(grid: Json, path: string): Json[] {
  const { method, family = method } = grid;
  if (typeof method !== "string")
    throw new DataError(`${path}.method: expected the name of a method, got ${shown(method)}`);
  const { label = isTreatment(method) ? treatmentNames[method].short : method } = grid;
  if (typeof family !== "string")
    throw new DataError(`${path}.family: expected a name, got ${shown(family)}`);
  if (typeof label !== "string")
    throw new DataError(`${path}.label: expected a name, got ${shown(label)}`);
  const settings = Object.entries(grid).filter(([name]) => !NAMES.includes(name));
  return combinations(Object.fromEntries(settings), path).map((row) => {
    const set = Object.entries(row);
    return {
      id: [family, ...set.map(([name, value]) => idPart(name, value))].join("-"),
      label: [label, ...set.flatMap(([name, value]) => labelParts(label, name, value))].join(" "),
      family,
      method,
      ...row,
    };
  });
}
