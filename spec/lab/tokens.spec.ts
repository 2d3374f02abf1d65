import { afterAll, describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import { keysOf, studyData } from "../../src/experiment/data.ts";
import { experiment } from "../../src/experiment/experiment.ts";
import type { Distributions, Measurement } from "../../src/experiment/measurements.ts";
import type { Recipe, RowRecipe } from "../../src/experiment/recipe.ts";
import { anchored, base, sft } from "../../src/experiment/recipes/rows.ts";
import type { Compared, SeenToken } from "../../src/lab/tokens/protocol.ts";
import { createReader } from "../../src/lab/tokens/reader.ts";
import type { Params } from "../../src/nn/config.ts";
import { encodeSafetensors } from "../../src/weights/safetensors.ts";
import { checkpointsInMemory } from "../../src/weights/store.ts";
import { tinyRecipe } from "../experiment/tiny.ts";

const engine = await createEngine({ backend: "wasm", threads: 1 });
afterAll(() => engine.close());

const SEED = 100;
const weightSpace: RowRecipe = {
  ...{ id: "weights", label: "Weights", family: "weights", method: "anchoredWeights" },
  ...{ alpha: 0.5, outer: 2, inner: 1 },
};
const recipe: Recipe = {
  ...tinyRecipe,
  rows: [
    base,
    sft(5e-3),
    anchored(2, 1, 0.5),
    anchored(2, 1, 0.5, { interpolation: "probability" }),
    weightSpace,
  ],
  reference: "sft-5e-3",
  headline: "anchored-0.5-T2-K1",
};

/** Every student that was shown at the end of an outer step, by row and step. */
const students = new Map<string, Params>();
const measured: Measurement[] = [];
let looks = 0;
const checkpoints = checkpointsInMemory();
for await (const m of experiment(engine, recipe, {
  ...{ seeds: [SEED], checkpoints },
  async show({ row, outer, ended, params }) {
    looks++;
    if (ended) students.set(`${row} ${outer}`, await engine.run(() => params));
  },
}))
  measured.push(m);

const reader = createReader(engine, recipe, SEED);
const keep = (name: string, tensors: Params): void =>
  reader.keep(name, encodeSafetensors({ tensors, metadata: {} }));
for (const [name, params] of students) keep(name, params);
const pretrained = await checkpoints.load(`seed-${SEED}/base`);
keep("base", pretrained?.tensors as Params);

const views = measured.filter((m): m is Distributions => m.kind === "distributions");
const rowOf = (id: string): RowRecipe => recipe.rows.find((row) => row.id === id) as RowRecipe;

function modelsAt({ row, outer, alpha }: Distributions): Compared {
  return {
    snapshot: outer === 0 ? "base" : `${row} ${outer - 1}`,
    ...(row !== recipe.reference && { reference: `${recipe.reference} 0` }),
    next: `${row} ${outer}`,
    ...(alpha !== undefined && { anchor: { row: rowOf(row), alpha } }),
  };
}

describe("any token of any example", () => {
  test("is what the study measured, where the study looked", async () => {
    let compared = 0;
    for (const view of views)
      for (const { name: _, context, label, ...shares } of view.tokens) {
        const at = reader.find(context, label);
        if (!at) throw new Error(`expected to find ${context}`);
        const { response } = await reader.see(at, modelsAt(view));
        const { symbol, moved, ...seen } = response[at.position] as SeenToken;
        expect(symbol).toBe(label);
        expect(moved).toBeGreaterThanOrEqual(0);
        const { symbols, ...measuredShares } = shares;
        expect(seen.symbols).toEqual(symbols);
        // The study reads many examples at a time: sums differ in the last bits, digits by one.
        for (const [model, list] of Object.entries(measuredShares))
          for (const [i, share] of list.entries())
            expect(seen[model as "next"][i], model).toBeCloseTo(share, 4);
        compared++;
      }
    // Two or three tokens in each of seven outer steps.
    expect(compared).toBeGreaterThan(14);
  });

  test("can be chosen: all that the study trains on and asks", async () => {
    const { target, training, skills } = studyData(recipe, keysOf(SEED));
    const sizes = Object.fromEntries(reader.groups.map((g) => [g.name, g.prompts.length]));
    expect(sizes).toEqual({
      target: target.length,
      training: training.length,
      ...Object.fromEntries(Object.entries(skills).map(([name, all]) => [name, all.length])),
    });
    const [, , view] = views as [Distributions, Distributions, Distributions];
    for (const { name, prompts } of reader.groups) {
      const { response } = await reader.see(
        { group: name, index: prompts.length - 1 },
        modelsAt(view),
      );
      for (const { symbols, snapshot } of response) expect(snapshot).toHaveLength(symbols.length);
    }
  });

  test("is refused where there is none", async () => {
    const models = modelsAt(views[0] as Distributions);
    await expect(reader.see({ group: "training", index: 999 }, models)).rejects.toThrow(
      "see: expected an example of the study, got training 999",
    );
    await expect(
      reader.see({ group: "training", index: 0 }, { ...models, next: "nobody" }),
    ).rejects.toThrow("see: expected a model that was sent, got nobody");
    expect(reader.find("nothing of the kind", "a")).toBeUndefined();
  });
});

test("a student is shown at each probe and at each end, and changes no number", async () => {
  expect(looks).toBe(measured.filter(({ kind }) => kind === "probe").length + views.length);
  const alone: Measurement[] = [];
  for await (const m of experiment(engine, recipe, { seeds: [SEED] })) alone.push(m);
  const numbers = (all: Measurement[]) => all.filter(({ kind }) => kind !== "attempt");
  expect(numbers(alone)).toEqual(numbers(measured));
});
