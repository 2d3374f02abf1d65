import type { Generator } from "../exchange.ts";
import type { Skill } from "./skill.ts";
import { calculate, convert, decide, echo, recall, reverse, sort } from "./skills.ts";
import { letterSymbols } from "./vocabulary.ts";

/** Skills of one length: batches may mix them. */
export const alike = (
  positions: number,
  generators: Readonly<Record<string, Generator>>,
): Readonly<Record<string, Skill>> =>
  Object.fromEntries(Object.entries(generators).map(([name, draw]) => [name, { draw, positions }]));

/** The skills of the full study. */
export const fullSkills: Readonly<Record<string, Skill>> = alike(18, {
  rev: reverse({ alphabet: letterSymbols, min: 3, max: 5 }),
  sort: sort({ alphabet: letterSymbols, min: 3, max: 5 }),
  calc: calculate,
  kv: recall,
  echo: echo({ alphabet: letterSymbols, min: 2, max: 4 }, ["UP", "BANG", "QUOTE"]),
  conv: convert([
    { from: "m", to: "n", factor: 3 },
    { from: "m", to: "p", factor: 4 },
    { from: "n", to: "q", factor: 7 },
    { from: "p", to: "q", factor: 6 },
  ]),
  bool: decide,
});
