/**
 * `published`: the formula as its source states it, unrounded. `medcalc-bench`: as the benchmark's
 * own code computes it, its deviations and roundings included.
 */
export type Variant = "published" | "medcalc-bench";

/** What a patient note says, by name: a number, a flag, a word, or `[value, unit, …]`. */
export type Entities = Readonly<Record<string, unknown>>;

/** A number; a date `MM/DD/YYYY`; or a duration, `["W weeks", "D days"]`. */
export type Answer = number | string | [weeks: string, days: string];

/** What a calculator answers with. */
export type Output = "decimal" | "integer" | "date" | "duration";

/** The benchmark's categories: four of equations, three of rules. */
export type Category =
  | "lab test"
  | "physical"
  | "dosage"
  | "date"
  | "risk"
  | "severity"
  | "diagnosis";

/** A number and the unit that it came with, if any; further pairs as in 5 ft 11 in. */
export interface Quantity {
  readonly value: number;
  readonly unit: string;
  readonly more: readonly Quantity[];
}

/** The entities of one patient, as calculators read them: names are matched through aliases. */
export interface Facts {
  readonly variant: Variant;
  /** Rounds what the benchmark rounds on the way; for `published`, only binary noise away. */
  readonly round: (x: number) => number;
  readonly has: (name: string) => boolean;
  /** A yes or no; what is not mentioned counts as `absent`, false unless given. */
  readonly flag: (name: string, absent?: boolean) => boolean;
  /** A word or phrase in lower case; empty when it is not mentioned. */
  readonly word: (name: string) => string;
  /** @throws DataError when it is missing or no number */
  readonly quantity: (name: string) => Quantity;
  /** A number, its unit aside. @throws DataError when it is missing or no number */
  readonly number: (name: string) => number;
}

/** One row of the table of calculators. */
export interface Calculator {
  readonly id: number;
  readonly name: string;
  readonly category: Category;
  readonly output: Output;
  readonly compute: (facts: Facts) => Answer;
}
