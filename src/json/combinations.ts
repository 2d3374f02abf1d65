import { DataError } from "../tensor/errors.ts";

/** Fields as they stand in a JSON file. */
export type Json = Readonly<Record<string, unknown>>;

/** More would take longer to write down than to train a few of them. */
const MOST = 10_000;

/**
 * All ways to choose one value of each field: a list stands for its values, anything else for itself;
 * the last list varies fastest.
 * @param path where the fields stand, for errors
 * @throws DataError naming the field
 * @example combinations({ alpha: [0.1, 0.25], outer: 1 }, "grid") // alpha 0.1, then 0.25; outer 1
 */
export function combinations(fields: Json, path: string): Json[] {
  return Object.entries(fields).reduce<Json[]>(
    (rows, [name, value]) => {
      const values: readonly unknown[] = Array.isArray(value) ? value : [value];
      if (values.length === 0)
        throw new DataError(`${path}.${name}: expected at least one value, got an empty list`);
      if (rows.length * values.length > MOST)
        throw new DataError(
          `${path}: expected at most ${MOST} rows, got ${rows.length * values.length} by ${name}`,
        );
      return rows.flatMap((row) => values.map((one) => ({ ...row, [name]: one })));
    },
    [{}],
  );
}

/** `0.25`, `logit`; `power 0.5` for `{ power: 0.5 }`. */
const valueText = (value: unknown): string =>
  typeof value === "object" && value !== null
    ? Object.entries(value)
        .map(([name, inner]) => `${name} ${valueText(inner)}`)
        .join(" ")
    : `${value}`;

/** A field as part of an id, which names files: `alpha-0.25`; 1e+21 is 1e21 there. */
export const idPart = (name: string, value: unknown): string =>
  `${name}-${valueText(value).replaceAll(" ", "-").replaceAll("+", "")}`;
