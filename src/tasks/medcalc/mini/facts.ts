import { integer, pick, type Stream } from "../../draw.ts";

/** What a mini note can say of a patient. */
export type Value = number | boolean | "M" | "F";
export type Values = Readonly<Record<string, Value>>;

/** A fact of a note: its word, another word for it, and what calculators call it. */
export interface Fact {
  readonly word: string;
  readonly synonym: string;
  readonly entity: string;
  /** Missing for flags and for the sex. */
  readonly unit?: string;
  /** What one in the note stands for, in `unit`; 1 if missing. */
  readonly scale?: number;
  readonly draw: (next: Stream) => Value;
}

const within =
  (min: number, max: number) =>
  (next: Stream): number =>
    integer(next, min, max);

const number = (
  word: string,
  synonym: string,
  entity: string,
  unit: string,
  draw: (next: Stream) => number,
): Fact => ({ word, synonym, entity, unit, draw });

const flag = (word: string, synonym: string, entity: string): Fact => ({
  word,
  synonym,
  entity,
  draw: (next) => next() < 0.5,
});

/** All facts; `ht` in metres and `inch` are two ways to give one height. */
export const facts: readonly Fact[] = [
  number("age", "years", "age", "years", within(20, 90)),
  { word: "sex", synonym: "gender", entity: "sex", draw: (next) => pick(next, ["M", "F"]) },
  number("sbp", "systolic", "Systolic Blood Pressure", "mm Hg", within(70, 180)),
  number("dbp", "diastolic", "Diastolic Blood Pressure", "mm Hg", within(40, 99)),
  number("hr", "pulse", "Heart Rate or Pulse", "beats per minute", within(50, 150)),
  number("rr", "breaths", "respiratory rate", "breaths per minute", within(10, 40)),
  number("temp", "temperature", "Temperature", "degrees celsius", within(34, 41)),
  { ...number("wbc", "leucocytes", "White blood cell count", "µL", within(2, 19)), scale: 1000 },
  number("bun", "urea", "Blood Urea Nitrogen (BUN)", "mg/dL", within(5, 40)),
  number("na", "sodium", "Sodium", "mEq/L", within(130, 150)),
  number("cl", "chloride", "Chloride", "mEq/L", within(90, 105)),
  number("hco3", "bicarb", "Bicarbonate", "mEq/L", within(8, 25)),
  number("alb", "albumin", "Albumin", "g/dL", within(1, 4)),
  number("ca", "calcium", "Calcium", "mg/dL", within(6, 12)),
  number("cr", "creatinine", "Pre-operative creatinine", "mg/dL", within(1, 4)),
  number("wt", "weight", "weight", "kg", within(5, 99)),
  number("ht", "height", "height", "m", within(1, 2)),
  number("inch", "tall", "height", "in", (next) => pick(next, [60, 70, 80])),
  number("qt", "interval", "QT Interval", "msec", (next) => 20 * integer(next, 15, 25)),
  flag("conf", "confused", "Confusion"),
  flag("surg", "operation", "Elevated-risk surgery"),
  flag("ihd", "ischemia", "History of ischemic heart disease"),
  flag("chf", "failure", "Congestive Heart Failure criteria for the Cardiac Risk Index rule"),
  flag("cva", "stroke", "History of cerebrovascular disease"),
  flag("ins", "insulin", "Pre-operative treatment with insulin"),
];

const byWord = new Map(
  facts.flatMap((fact) => [
    [fact.word, fact],
    [fact.synonym, fact],
  ]),
);

/** The fact of a word or its synonym. */
export const factOf = (word: string): Fact | undefined => byWord.get(word);
