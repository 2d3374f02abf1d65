import { DataError } from "../../../tensor/errors.ts";
import { chance, pick, type Stream } from "../../draw.ts";
import type { Entities } from "../types.ts";
import { type Fact, factOf, type Value, type Values } from "./facts.ts";
import { digitsOf, type MiniName, questions } from "./questions.ts";

/** How a note is worded. */
export interface Wording {
  /** Probability of another word for a fact. */
  readonly synonyms: number;
  /** Probability of a sentence around a fact. */
  readonly sentences: number;
}

/** Words of sentences that carry no fact. */
export const fillers: readonly string[] = ["the", "is", "of", "noted", "on", "admission", "."];

/** What a fact and its sentence have at most: `on admission hr 1 2 0 .` */
export const longestClause = ({ sentences }: Wording): number => 4 + (sentences > 0 ? 3 : 0);

const shown = (value: Value): readonly string[] => {
  if (typeof value === "number") return digitsOf(value);
  return typeof value === "string" ? [value] : [value ? "yes" : "no"];
};

/** `hr 8 8`, `pulse 8 8`, `the hr is 8 8 .` */
function clause(next: Stream, fact: Fact, value: Value, wording: Wording): readonly string[] {
  const word = chance(next, wording.synonyms) ? fact.synonym : fact.word;
  const content = shown(value);
  if (!chance(next, wording.sentences)) return [word, ...content];
  return pick(next, [
    ["the", word, "is", ...content, "."],
    [word, "of", ...content, "noted", "."],
    ["on", "admission", word, ...content, "."],
  ]);
}

type Told = readonly [fact: Fact, value: Value];

/** `bp 8 4 / 5 7` in place of the two pressures, where the first of them stands. */
function joined(next: Stream, told: readonly Told[], wording: Wording): readonly string[][] {
  const value = (word: string): Value | undefined => told.find(([fact]) => fact.word === word)?.[1];
  const [sbp, dbp] = [value("sbp"), value("dbp")];
  const both = sbp !== undefined && dbp !== undefined && chance(next, wording.synonyms);
  return told.map(([fact, value]) => {
    if (both && fact.word === "dbp") return [];
    if (both && fact.word === "sbp") return [PRESSURES, ...shown(sbp), "/", ...shown(dbp)];
    return [...clause(next, fact, value, wording)];
  });
}

/** The word for both blood pressures. */
export const PRESSURES = "bp";

/** `pt age 7 1 sex F … ? curb` */
export const writeNote = (
  next: Stream,
  told: readonly Told[],
  ask: MiniName,
  wording: Wording,
): readonly string[] => ["pt", ...joined(next, told, wording).flat(), "?", ask];

const toValue = (text: string): Value | undefined => {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  return { yes: true, no: false, M: "M" as const, F: "F" as const }[text];
};

const entity = ({ unit, scale = 1 }: Fact, value: Value): unknown => {
  if (typeof value === "number" && unit !== undefined) return [value * scale, unit];
  if (typeof value === "string") return value === "M" ? "Male" : "Female";
  return value;
};

/** What a note says and asks, read from its symbols alone. */
export interface MiniTask {
  readonly ask: MiniName;
  readonly values: Values;
  /** As the calculators take them. */
  readonly entities: Entities;
}

/** @throws DataError for symbols that are no note */
export function readNote(prompt: readonly string[]): MiniTask {
  const fail = (): never => {
    throw new DataError(`miniMedcalc: expected pt … ? ask, got ${prompt.join(" ")}`);
  };
  const ask = prompt.at(-1) ?? "";
  if (prompt[0] !== "pt" || prompt.at(-2) !== "?" || !Object.hasOwn(questions, ask)) return fail();
  const told = prompt.slice(1, -2).filter((word) => !fillers.includes(word));
  const slash = told.indexOf("/");
  const pressures = told.indexOf(PRESSURES);
  if (pressures !== -1 && slash > pressures)
    told.splice(
      pressures,
      slash - pressures + 1,
      "sbp",
      ...told.slice(pressures + 1, slash),
      "dbp",
    );
  const values: Record<string, Value> = {};
  const entities: Record<string, unknown> = {};
  for (let at = 0; at < told.length; ) {
    const fact = factOf(told[at] as string);
    const start = ++at;
    while (at < told.length && factOf(told[at] as string) === undefined) at++;
    const value = toValue(told.slice(start, at).join(""));
    if (fact === undefined || value === undefined) return fail();
    values[fact.word] = value;
    entities[fact.entity] = entity(fact, value);
  }
  const { needs } = questions[ask as MiniName];
  return needs.every((word) => word in values)
    ? { ask: ask as MiniName, values, entities }
    : fail();
}
