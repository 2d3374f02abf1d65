import { afterAll, describe, expect, test } from "vitest";
import { createEngine } from "../../../src/engines/create.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import { experiment } from "../../../src/experiment/experiment.ts";
import type { RowResult } from "../../../src/experiment/measurements.ts";
import { paperHours, paperRecipe, paperSeeds } from "../../../src/experiment/recipes/paper.ts";
import { reportedSeeds, tuningSeeds } from "../../../src/experiment/recipes/study.ts";
import { tinyRecipe } from "../tiny.ts";

const engine: Engine = await createEngine({ backend: "wasm", threads: 1 });
afterAll(() => engine.close());

type Row = Readonly<Record<string, unknown>>;
const recipe = paperRecipe();
const rowOf = (id: string): Row => ({ ...recipe.rows.find((row) => row.id === id) });

/** Settings in which two rows differ. */
const between = (a: Row, b: Row): string[] => {
  const names = ["id", "label", "family"];
  const all = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return all.filter(
    (name) => !names.includes(name) && JSON.stringify(a[name]) !== JSON.stringify(b[name]),
  );
};

describe("sweep paper", () => {
  const switches: Readonly<Record<string, readonly string[]>> = {
    outer: ["outer"],
    restart: ["restart"],
    bf16: ["weights"],
    teacher: ["reference"],
    fresh: ["method", "lambda", "samplingTemperature"],
  };

  test.each(Object.entries(switches))("has %s alone, and taken back", (id, names) => {
    const sorted = (list: readonly string[]) => [...list].sort();
    expect(sorted(between(rowOf("paper"), rowOf(`paper-with-${id}`)))).toEqual(sorted(names));
    expect(sorted(between(rowOf("authors"), rowOf(`authors-without-${id}`)))).toEqual(
      sorted(names),
    );
  });

  test("has plain fine-tuning at every rate and rounding, and a teacher at a tenth of the rate", () => {
    const ids = recipe.rows.map(({ id }) => id);
    for (const rate of ["3e-3", "3e-4", "3e-5"])
      expect(ids).toEqual(expect.arrayContaining([`sft-${rate}`, `sft-${rate}-bf16`]));
    expect(rowOf("authors")).toMatchObject({ outer: 10, inner: 5, reference: "sft-3e-4" });
    expect(rowOf("paper")).toMatchObject({ outer: 5, inner: 5, alpha: 0.5, method: "anchored" });
    expect(paperHours()).toBeLessThan(4);
    for (const seed of [...reportedSeeds, ...tuningSeeds, 200, 201, 202, 203, 204])
      expect(paperSeeds).not.toContain(seed);
  });

  test("runs, each row to other weights than the others", async () => {
    const small = paperRecipe({
      ...tinyRecipe,
      evaluation: { ...tinyRecipe.evaluation, every: 0 },
    });
    // Those with one switch taken back differ from these as little as these from each other.
    const few = small.rows.filter(({ family }) => family !== "authorsWithout");
    const rows = few.map((row) =>
      row.method === "base" || row.method === "merge"
        ? row
        : {
            ...row,
            ...(row.inner !== undefined && { inner: 1, outer: row.outer === 10 ? 3 : 2 }),
            ...(row.epochs !== undefined && { epochs: 3 }),
          },
    );
    const results: RowResult[] = [];
    for await (const m of experiment(engine, { ...small, rows }, { seeds: [0] }))
      if (m.kind === "row") results.push(m);
    expect(results.map(({ row }) => row)).toEqual(rows.map(({ id }) => id));
    const distances = results.map(({ distance }) => distance);
    expect(distances.every(Number.isFinite)).toBe(true);
    expect(new Set(distances).size).toBe(distances.length);
  });
});
