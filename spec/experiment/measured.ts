import type { Measurement, RowResult } from "../../src/experiment/measurements.ts";
import type { Recipe } from "../../src/experiment/recipe.ts";
import type { RunConfig } from "../../src/experiment/runs/run.ts";
import { suiteOf } from "../../src/tasks/study/suite.ts";
import { otherScores } from "./summary/scores.ts";

/** A run's, as it would be written. */
export const configOf = (recipe: Recipe, seeds: readonly number[]): RunConfig => ({
  ...{ recipe, seeds, backend: "wasm", device: "2 threads" },
  numerics: { class: "wasm-fma", version: 1 },
  ...{ versions: { anchorgrad: "0.1.0", node: "20.19.0" }, started: "2026-01-02T03:04:05.000Z" },
});

/** Different, known numbers for every row and seed. */
export function measure(recipe: Recipe, seed: number): Measurement[] {
  const less = (seed % 100) / 100;
  return recipe.rows.flatMap((row, r): Measurement[] => {
    const skills = Object.keys(suiteOf(recipe.suite).skills);
    const result: RowResult = {
      kind: "row",
      ...otherScores,
      ...{ seed, row: row.id, target: r === 0 ? 0 : 0.9 + r / 200 - less },
      prior: Object.fromEntries(skills.map((skill) => [skill, 1 - r / 20 - less])),
      ...{ signOff: 0.5, klFromBase: r + 0.123, klToBase: r + 0.456 },
    };
    const probe: Measurement = {
      ...{ ...otherScores, kind: "probe", seed, row: row.id, step: 8, steps: 16, outer: 0 },
      ...{ target: 0.5, prior: result.prior, signOff: 0, klFromBase: 0.25 + r, klToBase: 0.5 },
    };
    if (row.method !== "anchored") return row.method === "base" ? [result] : [probe, result];
    const steps = Array.from(
      { length: row.outer ?? 1 },
      (_, outer): Measurement => ({
        kind: "certificate",
        ...{
          seed,
          row: row.id,
          outer,
          measured: 0.0123 / (outer + 1),
          bound: 0.0456,
          inexactness: -0.0078,
          held: true,
          ...{ alpha: 0.5, referenceKl: 0.0912, anchorKl: 0.04, eta: 0.01 },
          ...{ leastSlack: 0.02, linear: true, tokens: 8, withoutDelta: 7 },
        },
      }),
    );
    const distributions: Measurement = {
      ...{ kind: "distributions", seed, row: row.id, outer: 0 },
      tokens: [
        {
          ...{ name: "style", context: "<bos> x & =", label: "8", symbols: ["8", "#"] },
          ...{
            snapshot: [0.2, 0.75],
            anchor: [0.4, 0.5],
            reference: [0.9, 0.05],
            next: [0.45, 0.5],
          },
        },
      ],
    };
    return [probe, ...steps, distributions, result];
  });
}
