import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { objectives } from "../../../src/anchored/objectives/methods.ts";
import { checkRecipe } from "../../../src/experiment/checkRecipe.ts";
import type { Recipe, RowRecipe } from "../../../src/experiment/recipe.ts";
import { conditions, shortList } from "../../../src/experiment/recipes/conditions.ts";
import { leftOut, nineRows, over } from "../../../src/experiment/recipes/families.ts";
import {
  reportedSeeds,
  rowCount,
  studyRecipe,
  tuningSeeds,
} from "../../../src/experiment/recipes/study.ts";
import { DataError } from "../../../src/tensor/errors.ts";

const study = studyRecipe("C1");
const whole = studyRecipe("C1", "113k", ["all", "extra"]);
const familiesOf = ({ rows }: Recipe): string[] => [
  ...new Set(rows.filter(({ method }) => method !== "base").map(({ family }) => family)),
];

describe("the study's grid", () => {
  it.each([
    [study, 36],
    [whole, 39],
  ])(
    "has nine settings of each family: of the study's, and with what joins it",
    (recipe, count) => {
      const { rows, fair } = recipe;
      expect(familiesOf(recipe).length).toBe(count);
      for (const family of familiesOf(recipe))
        expect(rows.filter((row) => row.family === family).length, family).toBe(9);
      expect(fair).toBe(true);
    },
  );

  it("has every method, with what joins it", () => {
    const missing = Object.keys(objectives).filter(
      (m) => !whole.rows.some(({ method }) => method === m),
    );
    expect(missing.toSorted()).toEqual(Object.keys(leftOut).toSorted());
  });

  it("goes on when families join it: what was there stands first, in its order", () => {
    expect(whole.rows.slice(0, study.rows.length)).toEqual(study.rows);
    expect(familiesOf(whole).slice(-3)).toEqual(["agem", "mofo", "sam"]);
    expect({ ...whole, rows: [] }).toEqual({ ...study, rows: [] });
  });

  it("is of the families that are named, in the grid's order, and of plain fine-tuning", () => {
    const some = studyRecipe("C2a", "19k", ["mofo", "asft", "replay"]);
    expect(familiesOf(some)).toEqual(["sft", "replay", "asft", "mofo"]);
    expect(some.headline).toBeUndefined();
    expect(familiesOf(studyRecipe("C1", "19k", ["short", "sam"]))).toEqual([
      ...familiesOf(studyRecipe("C3", "19k")),
      "sam",
    ]);
    expect(() => studyRecipe("C1", "19k", ["all", "lisa"])).toThrow(
      /expected families among all, short, extra, sft, replay, .*, sam, got lisa/,
    );
  });

  it("gives every row ten epochs, but those that stop early", () => {
    for (const { family, id, ...row } of whole.rows) {
      if (row.method === "base" || row.method === "merge") continue;
      const { epochs = 10, outer = 1, inner = epochs } = row;
      if (family === "sft" || family === "dft") expect([10, 5, 2], id).toContain(outer * inner);
      else expect(outer * inner, id).toBe(10);
    }
  });

  it("says no word of a label twice, and tells all rows apart", () => {
    const labels = whole.rows.map(({ label }) => label);
    expect(new Set(labels).size).toBe(labels.length);
    for (const label of labels) {
      const words = [...label.toLowerCase().matchAll(/\p{L}{2,}/gu)].map(([word]) => word);
      const twice = words.filter((word, i) => words.indexOf(word) < i);
      // SFT + KL(θ‖base), and a teacher is named by its id.
      expect(
        twice.filter((word) => word !== "sft"),
        label,
      ).toEqual([]);
    }
  });

  it("keeps the seeds that are looked at, chosen on and reported apart", () => {
    const looked = [200, 201, 202, 203];
    const all = [...tuningSeeds, ...reportedSeeds, ...looked];
    expect(new Set(all).size).toBe(all.length);
    // Holm over 100 families needs a sign-flip test of twelve seeds.
    expect(reportedSeeds.length).toBe(12);
  });

  it.each(Object.keys(conditions))("makes a fair recipe of condition %s", (name) => {
    const recipe = studyRecipe(name);
    const condition = conditions[name];
    expect(recipe.rows.length).toBe(condition && rowCount(condition));
    expect(checkRecipe(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
    if (condition?.families === "short")
      expect(familiesOf(recipe).toSorted()).toEqual([...shortList].toSorted());
  });

  it("refuses a condition that there is not", () => {
    expect(() => studyRecipe("C9")).toThrow(/expected one of C1, C2a, .*, got C9/);
  });
});

describe("nineRows(family)", () => {
  it("is every value of one axis with every value of the other, each named apart", () => {
    const value = fc.double({ min: 1e-4, max: 1, noNaN: true });
    const three = fc.uniqueArray(value, { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(three, three, (betas, rates) => {
        const [b, r] = [betas, rates].map((list, i) =>
          over(i === 0 ? "beta" : "learningRate", list as unknown as [number, number, number]),
        ) as [ReturnType<typeof over>, ReturnType<typeof over>];
        const rows = nineRows({ method: "asft", axes: [b, r] });
        const pairs = rows.map(({ beta, learningRate }) => `${beta} ${learningRate}`);
        expect(new Set(rows.map(({ id }) => id)).size).toBe(9);
        expect(new Set(pairs)).toEqual(
          new Set(betas.flatMap((x) => rates.map((y) => `${x} ${y}`))),
        );
      }),
      { numRuns: 100 },
    );
  });
});

describe("a fair recipe", () => {
  const change = (rows: readonly RowRecipe[]): unknown => ({ ...study, rows });
  const last = study.rows.at(-1) as RowRecipe;

  it("is refused where a family has more settings than another, or fewer", () => {
    const more = { ...last, id: "one-more", learningRate: 3.3e-3 } as RowRecipe;
    expect(() => checkRecipe(change([...study.rows, more]))).toThrow(
      `recipe.rows, family ${last.family}: expected as many settings as sft, 9, got 10`,
    );
    expect(() => checkRecipe(change(study.rows.slice(0, -1)))).toThrow(
      `recipe.rows, family ${last.family}: expected as many settings as sft, 9, got 8`,
    );
    // Whoever does not call it fair may compare what they like.
    expect(() =>
      checkRecipe({ ...study, fair: false, rows: study.rows.slice(0, -1) }),
    ).not.toThrow();
  });

  it("is refused whichever family has lost or gained rows", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...familiesOf(study)),
        fc.integer({ min: 1, max: 8 }),
        (family, n) => {
          const kept = study.rows.filter((row) => row.family === family).slice(0, n);
          // The teachers stay, whose rows others need.
          fc.pre(family !== "sft" || n >= 3);
          const rows = study.rows.filter((row) => row.family !== family || kept.includes(row));
          expect(() => checkRecipe({ ...study, headline: "sft-3e-3", rows })).toThrow(DataError);
        },
      ),
      { numRuns: 20 },
    );
  });

  it("is refused with one setting twice, with other rates, or with more epochs", () => {
    const replaced = (row: object): unknown =>
      change([...study.rows.slice(0, -1), { ...last, ...row } as RowRecipe]);
    const twin = study.rows.at(-2) as RowRecipe;
    expect(() => checkRecipe(replaced({ ...twin, id: "twin" }))).toThrow(
      `family ${last.family}: expected settings other than those of ${twin.id}, got "twin"`,
    );
    expect(() => checkRecipe(replaced({ learningRate: 3.3e-3 }))).toThrow(
      `family ${last.family}: expected the learning rates of sft, 0.0003, 0.001, 0.003, got`,
    );
    expect(() => checkRecipe(replaced({ epochs: 25 }))).toThrow(
      "expected at most 10 epochs, got 25",
    );
  });
});
