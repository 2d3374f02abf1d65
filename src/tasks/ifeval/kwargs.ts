import { refuse } from "../../text/jsonl.ts";

/** The named arguments of an instruction, as they stand in a data file. */
export type Kwargs = Readonly<Record<string, unknown>>;

/** @throws DataError unless the argument is a finite number */
export const number = (kwargs: Kwargs, name: string): number => {
  const value = kwargs[name];
  return typeof value === "number" && Number.isFinite(value)
    ? value
    : refuse(name, "a number", value);
};

/** @throws DataError unless the argument is a text */
export const text = (kwargs: Kwargs, name: string): string => {
  const value = kwargs[name];
  return typeof value === "string" ? value : refuse(name, "a text", value);
};

/** @throws DataError unless the argument is a list of texts */
export const texts = (kwargs: Kwargs, name: string): readonly string[] => {
  const value = kwargs[name];
  return Array.isArray(value) && value.every((item) => typeof item === "string")
    ? value
    : refuse(name, "a list of texts", value);
};

/** Whether a count stands in the relation "at least" or "less than" to a number of the kwargs. */
export const related = (
  kwargs: Kwargs,
  relation: string,
  bound: string,
): ((count: number) => boolean) => {
  const limit = number(kwargs, bound);
  const asked = text(kwargs, relation);
  if (asked === "at least") return (count) => count >= limit;
  if (asked === "less than") return (count) => count < limit;
  return refuse(relation, '"at least" or "less than"', asked);
};
