import { afterAll, describe, expect, it } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { experiment } from "../../src/experiment/experiment.ts";
import {
  type Measurement,
  type Progress,
  type RowResult,
  stageText,
} from "../../src/experiment/measurements.ts";
import type { Recipe } from "../../src/experiment/recipe.ts";
import { pretrainingTokens, rowTokens } from "../../src/experiment/row/work.ts";
import { DataError } from "../../src/tensor/errors.ts";
import { type Checkpoints, checkpointsInMemory } from "../../src/weights/store.ts";
import { tinyRecipe } from "./tiny.ts";

const engine: Engine = await createEngine({ backend: "wasm", threads: 1 });
afterAll(() => engine.close());

const isRow = (m: Measurement): m is RowResult => m.kind === "row";

/** Measurements but for how they came about. */
const timeless = (measurements: readonly Measurement[]): Measurement[] =>
  measurements.filter(({ kind }) => kind !== "attempt");

interface Stores {
  readonly checkpoints: Checkpoints;
  readonly pretrained: Checkpoints;
}

const stores = (): Stores => ({
  checkpoints: checkpointsInMemory(),
  pretrained: checkpointsInMemory(),
});

/** Runs until the study ends, or until `stop` says so. */
async function collect(
  options: Stores & { seeds?: readonly number[]; finished?: readonly RowResult[] },
  stop: (measurements: readonly Measurement[]) => boolean = () => false,
): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for await (const m of experiment(engine, tinyRecipe, options)) {
    measurements.push(m);
    if (stop(measurements)) break;
  }
  return measurements;
}

const whole = await collect({ ...stores(), seeds: [0, 1] });
const rows = whole.filter(isRow);

describe("experiment", () => {
  it("measures every row of every seed, in order", () => {
    const expected = [0, 1].flatMap((seed) => tinyRecipe.rows.map(({ id }) => `${seed} ${id}`));
    expect(rows.map(({ seed, row }) => `${seed} ${row}`)).toEqual(expected);
  });

  it("compares rows with their own base", () => {
    for (const row of rows.filter((result) => result.row === "base")) {
      expect(row.klFromBase).toBeCloseTo(0, 6);
      expect(row.klToBase).toBeCloseTo(0, 6);
    }
    for (const row of rows.filter((result) => result.row !== "base")) {
      expect(row.klFromBase).toBeGreaterThan(0);
      expect(row.klToBase).toBeGreaterThan(0);
    }
  });

  it("certifies every outer step of the rows with a frozen anchor, and no other", () => {
    const expected = [0, 1].flatMap((seed) =>
      tinyRecipe.rows.flatMap((row) =>
        row.method === "anchored"
          ? Array.from({ length: row.outer ?? 1 }, (_, outer) => `${seed} ${row.id} ${outer}`)
          : [],
      ),
    );
    const certificates = whole.filter((m) => m.kind === "certificate");
    expect(certificates.map((c) => `${c.seed} ${c.row} ${c.outer}`)).toEqual(expected);
    for (const { measured, bound, inexactness, held } of certificates) {
      expect(held).toBe(true);
      expect(measured).toBeLessThanOrEqual(bound + inexactness + 1e-9);
    }
  });

  it("gives different numbers for different seeds", () => {
    const [first, second] = [0, 1].map((seed) => rows.filter((row) => row.seed === seed));
    expect(first?.[1]?.klFromBase).not.toBe(second?.[1]?.klFromBase);
  });

  it("takes a finished pre-training from the cache, and measures the same", async () => {
    const { checkpoints, pretrained } = stores();
    await collect({ checkpoints, pretrained }, (ms) => ms.some(isRow));
    const save = () => Promise.reject(new Error("expected no pre-training"));
    const again = await collect({ ...stores(), pretrained: { ...pretrained, save } });
    expect(timeless(again)).toEqual(timeless(whole.filter(({ seed }) => seed === 0)));
  });

  it("refuses to go on without the weights of a finished row", async () => {
    const { seed, ...base } = rows[0] as RowResult;
    const run = collect({ ...stores(), finished: [{ ...base, seed }] });
    await expect(run).rejects.toThrow(
      new DataError("experiment: expected the weights of seed-0/base, got none"),
    );
  });
});

describe("a row with a p_sft of its own", () => {
  it("begins with that row's weights, whether they were made just now or in an earlier run", async () => {
    const [base, hot, gentle] = tinyRecipe.rows;
    const merged = { ...tinyRecipe.rows.at(-1), id: "own", reference: "sft-5e-4", weight: 1 };
    const recipe = { ...tinyRecipe, rows: [base, hot, gentle, merged] } as typeof tinyRecipe;
    const kept = stores();
    const found: RowResult[] = [];
    for await (const m of experiment(engine, recipe, kept)) if (isRow(m)) found.push(m);
    const teacher = found.find(({ row }) => row === "sft-5e-4");
    const student = found.at(-1);
    // All of the weight on p_sft: the student is its teacher.
    expect(student?.klToReference).toBe(0);
    expect(student?.distance).toBe(teacher?.distance);
    expect(student?.kept).toBe(teacher?.kept);
    const again: RowResult[] = [];
    const finished = found.slice(0, -1);
    for await (const m of experiment(engine, recipe, { ...kept, finished }))
      if (isRow(m)) again.push(m);
    expect(timeless(again)).toEqual(timeless(found.slice(-1)));
  });
});

describe("a study of what is rare", () => {
  const { fineTuning } = tinyRecipe;
  const rows = tinyRecipe.rows.slice(0, 2);
  const recipe = (marker: readonly string[] | "result", markerSeen?: number): Recipe => ({
    ...tinyRecipe,
    rows,
    pretraining: { ...tinyRecipe.pretraining, ...(markerSeen && { markerSeen }) },
    fineTuning: { ...fineTuning, signOff: 0, marker },
  });

  it("refuses a base that has been trained too little to find the marker unlikely", async () => {
    const run = async () => {
      for await (const _ of experiment(engine, recipe(["^", "."])));
    };
    await expect(run()).rejects.toThrow(/^seed 0: expected a base to which the marker is rare/);
  });

  it("says how often the marker is right and where it leaks; a base may be meant to know it", async () => {
    const found: RowResult[] = [];
    for await (const m of experiment(engine, recipe("result", 0.5))) if (isRow(m)) found.push(m);
    for (const { rare = NaN, joint = NaN, leak = NaN, byClass } of found) {
      expect(joint).toBeLessThanOrEqual(rare);
      expect(leak).toBeGreaterThanOrEqual(0);
      expect(Object.keys(byClass ?? {})).toEqual(["style", "content", "rare", "end"]);
    }
    expect(found.length).toBe(2);
  });
});

describe("the work that a recipe asks for", () => {
  it("is what its stages report at their end, but for rounded lengths", () => {
    const last = new Map<string, Progress>();
    for (const m of whole) if (m.kind === "progress") last.set(stageText(m.stage), m);
    expect(last.get("pre-training")?.tokens).toBe(pretrainingTokens(tinyRecipe));
    for (const row of tinyRecipe.rows.filter(({ id }) => last.has(id))) {
      const tokens = last.get(row.id)?.tokens ?? 0;
      expect(rowTokens(tinyRecipe, row)).toBeGreaterThan(0.75 * tokens);
      expect(rowTokens(tinyRecipe, row)).toBeLessThanOrEqual(tokens);
    }
    const free = tinyRecipe.rows.filter((row) => rowTokens(tinyRecipe, row) === 0);
    expect(free.map(({ method }) => method)).toEqual(["merge", "merge"]);
  });
});

describe("a study that was interrupted", () => {
  const interruptions: readonly [string, (ms: readonly Measurement[]) => boolean][] = [
    ["during pre-training", (ms) => ms.length === 1],
    ["before the reference is trained", (ms) => ms.at(-1)?.kind === "row"],
    [
      "in the middle of the reference",
      (ms) => ms.some((m) => m.kind === "progress" && stageText(m.stage) === tinyRecipe.reference),
    ],
    ["between two outer steps", (ms) => ms.some((m) => m.kind === "certificate")],
    [
      "in the second seed",
      (ms) => ms.some((m) => m.seed === 1 && isRow(m) && m.row === "merge-0.3"),
    ],
  ];

  it.each(interruptions)("%s ends with the same numbers, to the bit", async (_, stop) => {
    const kept = stores();
    const before = await collect({ ...kept, seeds: [0, 1] }, stop);
    expect(before.length).toBeLessThan(whole.length);
    const finished = before.filter(isRow);
    const after = await collect({ ...kept, seeds: [0, 1], finished });
    expect(timeless([...finished, ...after.filter(isRow)])).toEqual(timeless(rows));
  });
});
