import { DataError } from "../../../tensor/errors.ts";
import type { Answer, Calculator, Facts } from "../types.ts";

const DAY = 86_400_000;

/** Days since 1970 of a date `M/D/YYYY`. @throws DataError for anything else */
function readDate(facts: Facts, name: string): number {
  const text = facts.word(name);
  const [, month, day, year] = (/^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text) ?? []).map(Number);
  const time = new Date(0);
  time.setUTCFullYear(year ?? Number.NaN, (month ?? Number.NaN) - 1, day);
  if (time.getUTCMonth() + 1 !== month || time.getUTCDate() !== day)
    throw new DataError(`calculate: expected a date MM/DD/YYYY for "${name}", got "${text}"`);
  return time.getTime() / DAY;
}

/** `MM/DD/YYYY` */
function writeDate(days: number): string {
  const time = new Date(days * DAY);
  const [month, day] = [time.getUTCMonth() + 1, time.getUTCDate()];
  return [month, day, time.getUTCFullYear()].map((part) => `${part}`.padStart(2, "0")).join("/");
}

const lastPeriod = (facts: Facts): number => readDate(facts, "Last menstrual date");

const inWeeks = (days: number): Answer => [`${Math.floor(days / 7)} weeks`, `${days % 7} days`];

export const pregnancy: readonly Calculator[] = [
  {
    // Naegele's rule: 280 days after the last period, for a cycle of 28 days.
    id: 13,
    name: "Estimated Due Date",
    category: "date",
    output: "date",
    compute: (facts) =>
      writeDate(lastPeriod(facts) + 280 + Math.trunc(facts.number("cycle length")) - 28),
  },
  {
    // Ovulation two weeks after the last period.
    id: 68,
    name: "Estimated Date of Conception",
    category: "date",
    output: "date",
    compute: (facts) => writeDate(lastPeriod(facts) + 14),
  },
  {
    id: 69,
    name: "Estimated Gestational Age",
    category: "date",
    output: "duration",
    compute: (facts) => inWeeks(Math.abs(readDate(facts, "Current Date") - lastPeriod(facts))),
  },
];
