import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { objectives } from "../../src/anchored/objectives/methods.ts";
import { checkRecipe } from "../../src/experiment/checkRecipe.ts";
import { RETAINED } from "../../src/experiment/retained.ts";
import { readSetup, writeSetup } from "../../src/lab/setup/address.ts";
import { challengerRow } from "../../src/lab/setup/challengerRow.ts";
import { challengers } from "../../src/lab/setup/challengers.ts";
import { consequence } from "../../src/lab/setup/consequence.ts";
import { everyKnob, knobFields, knobs } from "../../src/lab/setup/knobs.ts";
import { defaultSetup, recipeOf, recipes, type Setup } from "../../src/lab/setup/setup.ts";
import { promptsFor, sureties, suretyNames } from "../../src/lab/setup/surety.ts";

/** Whatever the page's controls and links can say. */
const setups: fc.Arbitrary<Setup> = fc
  .record({
    recipe: fc.constantFrom(...Object.keys(recipes)),
    seed: fc.integer({ min: 0, max: 2 ** 31 }),
    engine: fc.constantFrom("auto", "wasm", "webgl2", "webgpu"),
    scratch: fc.boolean(),
    method: fc.constantFrom(...challengers),
    space: fc.constantFrom("logit", "probability"),
    surety: fc.constantFrom(...suretyNames),
    at: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
      minLength: knobFields.length,
      maxLength: knobFields.length,
    }),
  })
  .map(({ at, ...rest }) => ({
    ...rest,
    ...everyKnob((field) => {
      const { linked, whole } = knobs[field];
      const value = linked[0] + (at[knobFields.indexOf(field)] ?? 0) * (linked[1] - linked[0]);
      return whole ? Math.round(value) : value;
    }),
  }));

describe("a setup", () => {
  test("is what its link says", () => {
    fc.assert(
      fc.property(setups, (setup) => {
        const parameters = new URLSearchParams();
        writeSetup(parameters, setup);
        expect(readSetup(new URLSearchParams(`${parameters}`))).toEqual(setup);
      }),
    );
  });

  test("is the study's own where a link says nothing, or what makes no sense", () => {
    expect(readSetup(new URLSearchParams())).toEqual(defaultSetup("smoke"));
    const nonsense = "recipe=full&seed=-1&method=sft&alpha=2&T=1.5&K=&space=log&rate=x&engine=cpu";
    expect(readSetup(new URLSearchParams(nonsense))).toEqual(defaultSetup("full"));
    for (const value of [
      "0x1",
      "1e-400",
      "0b1",
      " 1",
      "١",
      "Infinity",
      "1_0",
      "--1",
      "9".repeat(9e4),
    ]) {
      const link = new URLSearchParams({ recipe: "full", alpha: value, T: value, seed: value });
      const told: string[] = [];
      expect(
        readSetup(link, (problem) => told.push(problem)),
        value,
      ).toEqual(defaultSetup("full"));
      expect(told.length, value).toBe(3);
      expect(told.join("").length).toBeLessThan(500);
    }
  });

  test("makes a recipe that stands every check, of two rows after the base", () => {
    fc.assert(
      fc.property(setups, (setup) => {
        const { rows, headline } = checkRecipe(JSON.parse(JSON.stringify(recipeOf(setup))));
        expect(rows.map(({ method }) => method)).toEqual(["base", "sft", setup.method]);
        expect(headline).toMatch(/^[a-z0-9.-]+$/);
      }),
    );
  });

  test("names the challenger after what it sets", () => {
    const own = defaultSetup("full");
    const named = (setup: Partial<Setup>): readonly string[] => {
      const { id, label, family } = challengerRow({ ...own, ...setup });
      return [id, label, family];
    };
    expect(named({})).toEqual(["anchored-a0.25-t2-k5", "Anchored α=0.25 T=2 K=5", "anchored"]);
    expect(named({ budget: 0.05, temperature: 2 })[1]).toBe("Anchored δ=0.05 T=2 K=5 τ=2");
    expect(named({ space: "probability" }).slice(1)).toEqual([
      ...["Anchored, probability α=0.25 T=2 K=5", "probability"],
    ]);
    expect(named({ surety: "twentieth", budget: 0.05 }).slice(0, 2)).toEqual([
      ...["anchored-risk0.05-t2-k5", "Anchored risk=0.05 T=2 K=5"],
    ]);
    expect(named({ method: "merge" })).toEqual(["wise-ft-0.3", "WiSE-FT 0.3", "merge"]);
    expect(named({ method: "klRegularized" })[1]).toBe("SFT + KL β=0.1");
    expect(named({ method: "dft" })).toEqual(["dft", "DFT", "other"]);
  });
});

describe("how sure it must be", () => {
  test("chooses α of Anchored Learning alone, and says so", () => {
    for (const method of challengers)
      for (const surety of suretyNames) {
        const setup = { ...defaultSetup("smoke"), method, surety };
        const isFound = method === "anchored" && surety !== "none";
        const row = challengerRow(setup);
        const alpha = "alpha" in row ? row.alpha : undefined;
        expect(typeof alpha === "object" && "risk" in alpha, method).toBe(isFound);
        expect(consequence(setup).startsWith("α is found"), method).toBe(isFound);
      }
  });

  test("is in words what it asks for, and takes no more prompts than a study has", () => {
    for (const { words, risk } of Object.values(sureties)) {
      if (!risk) continue;
      expect(words).toBe(`At most 1 in ${1 / risk.risk} lost, 95 % sure`);
      expect(promptsFor(risk)).toBeLessThanOrEqual(RETAINED.plan + RETAINED.audit);
    }
  });
});

test("every challenger has the sliders that its method cannot do without, and a learning rate", () => {
  const without = ["direction"];
  for (const challenger of challengers) {
    const shown = knobFields.filter((field) => knobs[field].methods.includes(challenger));
    expect(shown).toContain("learningRate");
    if (challenger === "merge") expect(shown).toContain("weight");
    else
      for (const need of objectives[challenger].needs)
        if (!without.includes(need)) expect(shown, challenger).toContain(need);
  }
});
