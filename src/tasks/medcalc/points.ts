import type { Facts } from "./types.ts";

/** The points of a step table: those of the first bound that `x` reaches, bounds falling. */
export const reached = (
  x: number,
  steps: readonly (readonly [atLeast: number, points: number])[],
  otherwise = 0,
): number => steps.find(([atLeast]) => x >= atLeast)?.[1] ?? otherwise;

/** As `reached`, with bounds that `x` must exceed. */
export const exceeded = (
  x: number,
  steps: readonly (readonly [above: number, points: number])[],
  otherwise = 0,
): number => steps.find(([above]) => x > above)?.[1] ?? otherwise;

/** The points of all flags that are set. */
export const flagged = (facts: Facts, points: Readonly<Record<string, number>>): number =>
  Object.entries(points).reduce((sum, [name, each]) => sum + (facts.flag(name) ? each : 0), 0);

/** How many conditions hold. */
export const count = (...conditions: readonly boolean[]): number =>
  conditions.filter(Boolean).length;

/** The points of the first phrase that starts a word. */
export const graded = (
  word: string,
  grades: readonly (readonly [phrase: string, points: number])[],
  otherwise: number,
): number => grades.find(([phrase]) => word.startsWith(phrase))?.[1] ?? otherwise;
