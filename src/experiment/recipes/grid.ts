import { combinations, idPart, type Json } from "../../json/combinations.ts";
import { DataError } from "../../tensor/errors.ts";
import { shown } from "../../text/jsonl.ts";
import { signOf } from "../settings.ts";
import { isTreatment, treatmentNames } from "../treatments.ts";

export type { Json } from "../../json/combinations.ts";

/** Fields of a grid that are not settings. */
const NAMES = ["method", "family", "label"];

const labelPart = (name: string, value: unknown): string =>
  typeof value === "object" && value !== null
    ? Object.entries(value)
        .map(([inner, one]) => labelPart(inner, one))
        .join(" ")
    : typeof value === "string"
      ? name === "reference"
        ? `from ${value}`
        : value
      : `${signOf(name)}=${value}`;

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
  for (const [name, text] of Object.entries({ family, label }))
    if (typeof text !== "string")
      throw new DataError(`${path}.${name}: expected a name, got ${shown(text)}`);
  const settings = Object.entries(grid).filter(([name]) => !NAMES.includes(name));
  return combinations(Object.fromEntries(settings), path).map((row) => {
    const set = Object.entries(row);
    return {
      id: [family, ...set.map(([name, value]) => idPart(name, value))].join("-"),
      label: [label, ...set.map(([name, value]) => labelPart(name, value))].join(" "),
      family,
      method,
      ...row,
    };
  });
}
