import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { match } from "../../../src/tasks/finalAnswer.ts";
import { dependencyOrder } from "../../../src/tasks/igsm/definitions.ts";
import { withRetries } from "../../../src/tasks/igsm/generate/retries.ts";
import { sha256 } from "../../../src/tasks/igsm/generate/sha256.ts";
import { sketch } from "../../../src/tasks/igsm/generate/template.ts";
import * as igsm from "../../../src/tasks/igsm/index.ts";
import { lexicon } from "../../../src/tasks/igsm/words/index.ts";
import { fold, key, stream } from "../../../src/tensor/random.ts";
import { readAndAnswer } from "./reader.ts";

const seeds = fc.integer({ min: 0, max: 2 ** 31 });

const sizes = fc.oneof(
  fc.record({ preset: fc.constantFrom("med" as const, "hard" as const) }),
  fc.record({ maxOp: fc.integer({ min: 1, max: 6 }), maxEdge: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ op: fc.integer({ min: 2, max: 32 }), maxEdge: fc.constant(28) }),
);

const forms = fc.record({
  order: fc.constantFrom<igsm.SentenceOrder>("any", "solution", { jitter: 3 }),
  question: fc.constantFrom("first" as const, "last" as const),
  split: fc.constantFrom<igsm.Split>("train", "any"),
});

const options = fc.tuple(sizes, forms).map(([size, form]): igsm.Options => ({ ...size, ...form }));

const draw = (seed: number, settings: igsm.Options) => igsm.generate(key(seed), settings);

const check = (property: fc.IProperty<never> | fc.IProperty<unknown>, numRuns = 200): void => {
  fc.assert(property as fc.IProperty<unknown>, { numRuns });
};

describe("generate", () => {
  it("draws problems that a reader of the text alone answers alike", () =>
    check(
      fc.property(seeds, options, (seed, settings) => {
        const { problemText, answer } = draw(seed, settings);
        expect(readAndAnswer(problemText, lexicon, 23)).toBe(answer);
      }),
      400,
    ));

  it("writes solutions that pass the tight check, with as many equations as operations", () =>
    check(
      fc.property(seeds, options, (seed, settings) => {
        const drawn = draw(seed, settings);
        expect(igsm.check(drawn, drawn.solutionText, { mode: "tight" })).toEqual({
          correct: true,
          why: "",
        });
        expect(drawn.solution.flatMap(({ equations }) => equations)).toHaveLength(drawn.nOp);
        expect(drawn.nOp).toBe(igsm.operations(drawn));
        if (settings.op !== undefined) expect(drawn.nOp).toBe(settings.op);
      }),
    ));

  it("keeps the original's invariants", () =>
    check(
      fc.property(seeds, options, (seed, settings) => {
        const drawn = draw(seed, settings);
        const { items, statements, solutionOrder, question } = drawn;
        const most = settings.maxEdge ?? (settings.preset === "hard" ? 28 : 20);
        expect(statements.length).toBeLessThanOrEqual(most);
        expect(items.length).toBeGreaterThanOrEqual(2);
        expect(solutionOrder.at(-1)).toBe(question);
        // Every parameter found leads to the question, and everything that leads there is found.
        expect([...solutionOrder].sort()).toEqual(dependencyOrder(drawn).sort());
        items.forEach((layer, i) => {
          expect(layer.length).toBeLessThanOrEqual(4);
          expect(new Set(layer).size).toBe(layer.length);
          const owned = new Set(
            statements.flatMap(({ parameter }) => {
              const [, above, , child] = parameter.split(",").map(Number);
              return above === i - 1 ? [child] : [];
            }),
          );
          if (i > 0) expect(owned.size).toBe(layer.length);
        });
        for (const { constant, operands } of statements) {
          expect(operands.length + (constant ? 1 : 0)).toBeGreaterThanOrEqual(1);
          expect(operands.length + (constant ? 1 : 0)).toBeLessThanOrEqual(4);
        }
        for (const value of Object.values(igsm.values(drawn))) {
          expect(Number.isInteger(value)).toBe(true);
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThan(23);
        }
      }),
    ));

  it("gives the same problem for the same key, and another for another", () =>
    check(
      fc.property(seeds, (seed) => {
        expect(draw(seed, {})).toEqual(draw(seed, {}));
        expect(draw(seed, { op: 9 }).problemText).not.toBe(draw(seed + 1, { op: 9 }).problemText);
      }),
      20,
    ));

  it("never draws a template of training for a test", () => {
    const templates = (split: igsm.Split) =>
      Array.from({ length: 150 }, (_, i) =>
        igsm.generate(fold(key(5), i), { split, maxOp: 6, maxEdge: 12 }),
      );
    const [train, test] = [templates("train"), templates("test")];
    const seen = new Set(train.map(({ solution }) => sketch(solution)));
    expect(test.some(({ solution }) => seen.has(sketch(solution)))).toBe(false);
    expect(Math.max(...train.map(({ hashBin }) => hashBin))).toBeLessThan(16);
    expect(Math.min(...test.map(({ hashBin }) => hashBin))).toBeGreaterThanOrEqual(16);
  });

  it("tells one template by its structure, whatever the names, numbers and symbols", () => {
    const drawn = draw(3, { op: 6 });
    const renamed = igsm.solve(
      { ...drawn, statements: drawn.statements.map((one) => ({ ...one })), modulus: 7 },
      { order: drawn.solutionOrder, symbols: [..."zyxwvutsrq"] },
    );
    expect(sketch(renamed)).toBe(sketch(drawn.solution));
  });

  it("draws numbers of operations and answers as the original does", () => {
    const drawn = Array.from({ length: 1500 }, (_, i) => igsm.generate(fold(key(8), i)));
    const share = (holds: (one: igsm.Generated) => boolean) =>
      drawn.filter(holds).length / drawn.length;
    // The smaller of two draws from 1 … 15 is n with probability (2 (15 − n) + 1) / 225.
    for (const op of [1, 5, 10, 15])
      expect(Math.abs(share(({ nOp }) => nOp === op) - (2 * (15 - op) + 1) / 225)).toBeLessThan(
        0.02,
      );
    for (let value = 1; value < 23; value++)
      expect(Math.abs(share(({ answer }) => answer === value) - 0.04)).toBeLessThan(0.02);
    // Means over 75 problems of the original: 9.85 sentences, 166 words, solutions of 82.
    const mean = (of: (one: igsm.Generated) => number) =>
      drawn.reduce((sum, one) => sum + of(one), 0) / drawn.length;
    const words = (text: string) => text.trim().split(" ").length;
    expect(Math.abs(mean(({ statements }) => statements.length) / 9.85 - 1)).toBeLessThan(0.1);
    expect(Math.abs(mean(({ problemText }) => words(problemText)) / 166 - 1)).toBeLessThan(0.1);
    expect(Math.abs(mean(({ solutionText }) => words(solutionText)) / 82 - 1)).toBeLessThan(0.1);
  });

  it("says which option is out of range", () => {
    expect(() => draw(0, { op: 53 })).toThrow("expected a whole number op from 1 to 52, got 53");
    expect(() => draw(0, { depth: 5 })).toThrow("expected a whole number depth from 2 to 4, got 5");
    expect(() => draw(0, { width: [3, 2] })).toThrow(RangeError);
    expect(() => draw(0, { modulus: 1 })).toThrow(RangeError);
    expect(() => draw(0, { maxEdge: 0 })).toThrow(RangeError);
    expect(() => draw(0, { retryRate: 1 })).toThrow("expected 0 ≤ retryRate < 1, got 1");
    expect(() => draw(0, { detailLevel: 12 })).toThrow("expected a detail level 0 … 11, got 12");
    expect(() => draw(0, { op: 30, maxEdge: 1 })).toThrow(
      "expected options that allow 30 operations",
    );
  });
});

const ROOMS = {
  layerNames: ["School", "Classroom"],
  items: [["Hill High"], ["Physics Lab", "Film Room"]],
  problemText:
    "The number of each Hill High's Film Room equals 2 times as much as each Hill High's " +
    "Physics Lab. The number of each Hill High's Physics Lab equals 15. " +
    "How many Film Room does Hill High have?",
};

describe("solutions in other forms", () => {
  it("drops names, hints and calculations with the detail level", () => {
    const problem = igsm.parse(ROOMS);
    const write = (detailLevel: number) =>
      igsm.writeSolution(problem, igsm.solve(problem), { detailLevel });
    const [lab, room] = ["Hill High's Physics Lab", "Hill High's Film Room"];
    expect(write(0)).toBe(
      ` Define ${lab} as a; so a = 15. Define ${room} as b; so b = 2 * a = 2 * 15 = 7.`,
    );
    expect(write(1)).toBe(" Define a; so a = 15. Define b; so b = 2 * a = 2 * 15 = 7.");
    expect(write(2)).toBe(
      ` ${lab}; so ${lab} = 15. ${room}; so ${room} = 2 * ${lab} = 2 * 15 = 7.`,
    );
    expect(write(3)).toBe(
      ` Define ${lab} as a; so a = 15. Define ${room} as b; so b = 2 * 15 = 7.`,
    );
    expect(write(6)).toBe(` Define ${lab} as a; so a = 15. Define ${room} as b; so b = 2 * a = 7.`);
    expect(write(10)).toBe(" Define a; so a = 15. Define b; so b = 7.");
  });

  it("thinks twice about a single parameter too, as long as one cannot be found yet", () =>
    check(
      fc.property(seeds, (seed) => {
        const problem = igsm.parse(ROOMS);
        const said = withRetries(stream(key(seed)), problem, igsm.solve(problem), { rate: 0.99 });
        expect(said).toMatch(/^( Define Hill High's Film Room as BACK\.)+ Define [^.]* as a; so/);
        expect(said.split("as a; so")[1]).not.toContain("BACK");
      }),
      20,
    ));

  it("takes second thoughts back: without them the solution is right", () =>
    check(
      fc.property(seeds, (seed) => {
        const drawn = draw(seed, { retryRate: 0.4, op: 6 });
        const without = drawn.solutionText.replace(/ Define [^.]* as BACK\./g, "");
        expect(without).not.toContain("BACK");
        expect(igsm.check(drawn, without, { mode: "tight" }).why).toBe("");
      }),
      50,
    ));

  it("asks the same sentences another question", () =>
    check(
      fc.property(seeds, (seed) => {
        const drawn = draw(seed, { op: 5 });
        const again = igsm.reask(key(seed + 1), drawn);
        expect(again.question).not.toBe(drawn.question);
        expect(again.statements).toEqual(drawn.statements);
        expect(readAndAnswer(again.problemText, lexicon, 23)).toBe(again.answer);
        expect(igsm.check(again, again.solutionText, { mode: "tight" }).why).toBe("");
      }),
      50,
    ));
});

describe("conversation", () => {
  it("asks as the paper does and ends in the boxed answer", () => {
    const drawn = draw(4, { op: 3 });
    const [user, assistant] = igsm.conversation(drawn);
    expect(user.content).toBe(
      `${drawn.problemText.trim()} \nLet's think step by step and output the final answer in \\boxed{}.\n`,
    );
    expect(match(assistant.content, `${drawn.answer}`)).toBe(true);
  });
});

describe("the word lists", () => {
  it("have four worlds of four layers, names without stops, none twice in a world", () => {
    expect(lexicon.map((hierarchy) => hierarchy.length)).toEqual([4, 4, 4, 4]);
    for (const hierarchy of lexicon) {
      const names = hierarchy.flatMap(({ name, groups }) => [name, ...groups.flat()]);
      expect(new Set(names).size).toBe(names.length);
      for (const name of names) expect(name).toMatch(/^[A-Z][A-Za-z' -]*[a-z]$/);
    }
    for (const { groups } of lexicon.flat()) {
      expect(groups).toHaveLength(5);
      for (const group of groups) expect(group.length).toBeGreaterThanOrEqual(14);
    }
  });
});

describe("sha256", () => {
  it("is the standard's, for any text", () =>
    check(
      fc.property(fc.string({ unit: "grapheme", maxLength: 300 }), (text) => {
        const words = [...sha256(text)].map((word) => word.toString(16).padStart(8, "0"));
        expect(words.join("")).toBe(createHash("sha256").update(text).digest("hex"));
      }),
    ));
});
