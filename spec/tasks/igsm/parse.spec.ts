import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as igsm from "../../../src/tasks/igsm/index.ts";
import { key } from "../../../src/tensor/random.ts";

const world = {
  layerNames: ["Zoo", "Animal"],
  items: [
    ["Old Zoo", "Bird and Bee Zoo"],
    ["Owl", "Owl 2", "Fox"],
  ],
};

const read = (problemText: string, style: igsm.StyleName = "text") =>
  igsm.parse({ ...world, problemText, style });

describe("parse", () => {
  it("reads back what is written, in both styles, the question first or last", () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 31 }),
        fc.integer({ min: 1, max: 15 }),
        fc.constantFrom("text" as const, "compact" as const),
        fc.constantFrom("first" as const, "last" as const),
        fc.constantFrom(5, 7, 23),
        (seed, op, style, question, modulus) => {
          const drawn = igsm.generate(key(seed), { op, style, question, modulus });
          const { layerNames, items, problemText, statements } = drawn;
          const problem = igsm.parse({ layerNames, items, problemText, style, modulus });
          expect(problem.statements).toEqual(statements);
          expect(problem.question).toBe(drawn.question);
          expect(igsm.answer(problem)).toBe(drawn.answer);
          expect(igsm.writeProblem(problem, { style, question })).toBe(problemText);
        },
      ),
      { numRuns: 200 },
    ));

  it("takes the longest name that stands there, and names with and", () => {
    const problem = read(
      "The number of each Old Zoo's Owl 2 equals 4. " +
        "The number of each Bird and Bee Zoo's Owl equals 12. The number of each Old Zoo's Owl " +
        "equals 2 more than the sum of each Old Zoo's Owl 2 and each Bird and Bee Zoo's Owl. " +
        "How many Animal does Old Zoo have?",
    );
    expect(igsm.values(problem)).toEqual({
      "0,0,0,0": 18,
      "0,0,0,1": 4,
      "0,0,1,0": 12,
      "1,0,0,1": 22,
    });
    expect(igsm.answer(problem)).toBe(22);
    expect(igsm.operations(problem)).toBe(5);
  });

  it("counts 0 for an item that has nothing", () =>
    expect(
      igsm.answer(
        read(
          "The number of each Old Zoo's Fox equals 3. How many Animal does Bird and Bee Zoo have?",
        ),
      ),
    ).toBe(0));

  it.each([
    ["", 'expected "The number of " or a question at character 0, got the end'],
    [
      "The number of each Old Zoo's Fox equals 3.",
      "expected a question at character 42, got the end",
    ],
    [
      "The number of each Old Zoo's Cat equals 3.",
      "expected the name of a parameter at character 14",
    ],
    ["The number of each Old Zoo's Fox is 3.", 'expected " equals " at character 32'],
    [
      "The number of each Old Zoo's Fox equals many.",
      "expected the name of a parameter at character 40",
    ],
    ["The number of each Old Zoo's Fox equals 3, no.", 'expected "." at character 41'],
    ["The number of each Old Zoo's Animal equals 3.", "expected a sentence about an item's items"],
    [
      "The number of each Old Zoo's Fox equals the sum of each Old Zoo's Owl.",
      "expected a second operand",
    ],
    ["How many Fox does Old Zoo have? How many Owl does Old Zoo have?", "expected one question"],
    [
      "How many Fox does Old Zoo have? The number of each Old Zoo's Fox equals 3. " +
        "The number of each Old Zoo's Fox equals 3.",
      "expected one sentence a parameter, got two about 0,0,0,2",
    ],
    [
      "How many Fox does Old Zoo have? The number of each Old Zoo's Fox equals each Old Zoo's Owl.",
      "expected a sentence that states parameter 0,0,0,0, got none",
    ],
    [
      "How many Fox does Old Zoo have? The number of each Old Zoo's Fox equals each Old Zoo's Animal.",
      "expected no circle of parameters, got one through 0,0,0,2",
    ],
  ])("refuses %j", (text, message) => expect(() => read(text)).toThrow(message));

  it("throws nothing but DataError, whatever the text", () => {
    const words = [
      "The number of ",
      "each ",
      "Old Zoo",
      "'s ",
      "Owl",
      " equals ",
      "3",
      ". ",
      "the sum of ",
    ];
    const more = [
      " and ",
      ", ",
      " more than ",
      "How many ",
      " does ",
      " have?",
      " . ",
      " = ",
      " ; ",
      "( ",
      "? ",
    ];
    const texts = fc
      .array(fc.oneof(fc.constantFrom(...words, ...more), fc.string({ maxLength: 4 })), {
        maxLength: 40,
      })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(texts, fc.constantFrom("text" as const, "compact" as const), (text, style) => {
        try {
          read(text, style);
        } catch (error) {
          expect((error as Error).name).toBe("DataError");
        }
      }),
      { numRuns: 2000 },
    );
  });
});
