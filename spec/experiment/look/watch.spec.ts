import { afterAll, describe, expect, it } from "vitest";
import { createEngine } from "../../../src/engines/create.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import { experiment } from "../../../src/experiment/experiment.ts";
import type {
  Distributions,
  Measurement,
  Probe,
  RowResult,
} from "../../../src/experiment/measurements.ts";
import type { Recipe } from "../../../src/experiment/recipe.ts";
import { checkpointsInMemory } from "../../../src/weights/store.ts";
import { tinyRecipe } from "../tiny.ts";

const engine: Engine = await createEngine({ backend: "wasm", threads: 1 });
afterAll(() => engine.close());

const pretrained = checkpointsInMemory();

async function run(recipe: Recipe): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for await (const m of experiment(engine, recipe, { seeds: [100], pretrained }))
    measurements.push(m);
  return measurements;
}

/** The tiny study with as many steps as make three probes, all of which look at every prompt. */
const recipe: Recipe = {
  ...tinyRecipe,
  fineTuning: { ...tinyRecipe.fineTuning, epochs: 3 },
  evaluation: {
    ...{ targetPrompts: 6, promptsPerSkill: 5, every: 2 },
    ...{ divergenceTargetPrompts: 6, divergencePromptsPerSkill: 5 },
  },
};
const { headline = "", reference } = recipe;
const measured = await run(recipe);
const rows = measured.filter((m): m is RowResult => m.kind === "row");
const probesOf = (row: string): Probe[] =>
  measured.filter((m): m is Probe => m.kind === "probe" && m.row === row);
const viewsOf = (row: string): Distributions[] =>
  measured.filter((m): m is Distributions => m.kind === "distributions" && m.row === row);
const resultOf = (row: string): RowResult => rows.find((m) => m.row === row) as RowResult;

describe("probes", () => {
  it("look every so many steps at every row that is trained", () => {
    expect(probesOf(reference).map(({ step }) => step)).toEqual([2, 4, 6]);
    expect(probesOf(headline).map(({ step, outer }) => [step, outer])).toEqual([
      [2, 0],
      [4, 1],
    ]);
    expect(probesOf("base")).toEqual([]);
    expect(probesOf("merge-0.3")).toEqual([]);
  });

  it("at the last step see what the finished row is", () => {
    for (const row of [reference, headline]) {
      const {
        kind: _,
        step,
        steps,
        outer: __,
        alpha: ___,
        ...last
      } = probesOf(row).at(-1) as Probe;
      expect(step).toBe(steps);
      // Finished rows are judged by more than students on their way.
      expect(resultOf(row)).toMatchObject(last);
    }
  });

  it("change nothing in the training that they look at", async () => {
    const blind = await run({ ...recipe, evaluation: { ...recipe.evaluation, every: 0 } });
    expect(blind.some(({ kind }) => kind === "probe")).toBe(false);
    const rowsOf = (ms: readonly Measurement[]) => ms.filter(({ kind }) => kind === "row");
    expect(rowsOf(blind)).toEqual(rowsOf(measured));
  });

  it("know p_sft once there is one, and the anchor where there is a frozen one", () => {
    const known = (row: string) => {
      const { klToReference, klFromAnchor, onTarget } = resultOf(row);
      expect(onTarget.klFromAnchor !== undefined).toBe(klFromAnchor !== undefined);
      return [klToReference !== undefined, klFromAnchor !== undefined];
    };
    expect(known("base")).toEqual([false, false]);
    expect(known(reference)).toEqual([false, false]);
    expect(known("asft-0.1")).toEqual([true, false]);
    expect(known("merge-0.3")).toEqual([true, false]);
    expect(known(headline)).toEqual([true, true]);
  });

  it("of the base find nothing moved", () => {
    const { klFromBase, klToBase, overlap, distance, onTarget } = resultOf("base");
    expect([klFromBase, klToBase, distance, onTarget.klToBase]).toEqual([0, 0, 0, 0]);
    expect(overlap).toEqual({ "1": 1, "4": 1, "16": 1 });
  });

  it("measure the way that weights went", () => {
    const [whole, part] = [resultOf(reference), resultOf("merge-0.3")];
    expect(whole.distance).toBeGreaterThan(0);
    expect(part.distance).toBeCloseTo(0.3 * whole.distance, 4);
  });
});

describe("distributions", () => {
  it("are seen at each outer step, and once where there are none", () => {
    expect(viewsOf(headline).map(({ outer }) => outer)).toEqual([0, 1]);
    expect(viewsOf(reference).map(({ outer }) => outer)).toEqual([0]);
    expect(viewsOf("merge-0.3")).toEqual([]);
  });

  it("are of the style, the sign-off and a token that p_sft changed", () => {
    for (const { tokens } of viewsOf(headline)) {
      expect(tokens.map(({ name }) => name)).toEqual(["style", "sign-off", "prior"]);
      const [style, signOff] = tokens;
      expect(style?.context).toMatch(/^MED ([a-f] ){3}=$/);
      expect(signOff?.context).toMatch(/^MED ([a-f] ){3}= ([a-f] ){3}!$/);
      expect(signOff?.label).toMatch(/^[a-j]$/);
    }
    expect(viewsOf(reference)[0]?.tokens.map(({ name }) => name)).toEqual(["style", "sign-off"]);
  });

  it("are shares of the same symbols, the snapshot's likeliest first", () => {
    for (const { tokens } of [...viewsOf(headline), ...viewsOf(reference)])
      for (const { symbols, snapshot, anchor, reference: tuned, next } of tokens) {
        expect(new Set(symbols).size).toBe(symbols.length);
        expect(snapshot).toEqual(snapshot.toSorted((a, b) => b - a));
        for (const shares of [snapshot, anchor, tuned, next]) {
          if (!shares) continue;
          expect(shares).toHaveLength(symbols.length);
          expect(shares.reduce((a, b) => a + b)).toBeLessThan(1 + 1e-4);
        }
      }
  });

  it("go on where the last outer step ended", () => {
    const [first, second] = viewsOf(headline) as [Distributions, Distributions];
    first.tokens.forEach((token, i) => {
      const later = second.tokens[i];
      token.symbols.forEach((symbol, s) => {
        const at = later?.symbols.indexOf(symbol) ?? -1;
        if (at >= 0) expect(later?.snapshot[at]).toBe(token.next[s]);
      });
    });
  });
});
