import { DataError } from "../../tensor/errors.ts";
import { shown } from "../../text/jsonl.ts";
import { signOf } from "../settings.ts";
import { isTreatment, treatmentNames } from "../treatments.ts";

/** Fields as they stand in a JSON file. */
export type Json = Readonly<Record<string, unknown>>;

/** Fields of a grid that are not settings. */
const NAMES = ["method", "family", "label"];

/** `0.25`, `logit`; `power 0.5` for `{ power: 0.5 }`. */
const valueText = (value: unknown): string =>
  typeof value === "object" && value !== null
    ? Object.entries(value)
        .map(([name, inner]) => `${name} ${inner}`)
        .join(" ")
    : `${value}`;

/** Ids are names of files: `1e+21` is 1e21 there. */
const idPart = (name: string, value: unknown): string =>
  `${name}-${valueText(value).replaceAll(" ", "-").replaceAll("+", "")}`;

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

/** Rows of a grid: more would take longer to write down than to train a few of them. */
const MOST_ROWS = 10_000;

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
  const settings = Object.entries(grid).filter(([name]) => !NAMES.includes(name));
  const combinations = settings.reduce<Json[]>(
    (rows, [name, value]) => {
      const values: readonly unknown[] = Array.isArray(value) ? value : [value];
      if (values.length === 0)
        throw new DataError(`${path}.${name}: expected at least one value, got an empty list`);
      if (rows.length * values.length > MOST_ROWS)
        throw new DataError(
          `${path}: expected at most ${MOST_ROWS} rows, got ${rows.length * values.length} by ${name}`,
        );
      return rows.flatMap((row) => values.map((one) => ({ ...row, [name]: one })));
    },
    [{}],
  );
  return combinations.map((row) => {
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
