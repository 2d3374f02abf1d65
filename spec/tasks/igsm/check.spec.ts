import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as igsm from "../../../src/tasks/igsm/index.ts";
import { key } from "../../../src/tensor/random.ts";

const problem = igsm.parse({
  layerNames: ["Zoo", "Animal", "Bone"],
  items: [["Old Zoo"], ["Owl", "Fox"], ["Ulna", "Rib"]],
  problemText:
    "The number of each Owl's Ulna equals the difference of each Fox's Rib and each Old Zoo's Fox. " +
    "The number of each Fox's Rib equals 5. The number of each Old Zoo's Fox equals 9. " +
    "The number of each Old Zoo's Owl equals 3 more than each Owl's Ulna. " +
    "The number of each Owl's Rib equals each Old Zoo's Animal. How many Animal does Old Zoo have?",
});

const steps = {
  rib: "Define Fox's Rib as a; so a = 5",
  fox: "Define Old Zoo's Fox as b; so b = 9",
  ulna: "Define Owl's Ulna as c; so c = a - b = 5 - 9 = 19",
  owl: "Define Old Zoo's Owl as d; so d = 3 + c = 3 + 19 = 22",
  animal: "Define Old Zoo's Animal as e; so e = d + b = 22 + 9 = 8",
};

type Steps = Record<keyof typeof steps, string>;

/** The verdicts of both modes on the solution with some steps changed; an empty step is left out. */
const judge = (changes: Partial<Steps> = {}): readonly [strict: boolean, tight: boolean] => {
  const sentences = Object.values({ ...steps, ...changes }).filter((step) => step !== "");
  const text = ` ${sentences.join(". ")}.`;
  const verdict = (mode: igsm.CheckMode) => igsm.check(problem, text, { mode });
  for (const mode of ["strict", "tight"] as const)
    expect(verdict(mode).correct).toBe(verdict(mode).why === "");
  return [verdict("strict").correct, verdict("tight").correct];
};

const [both, strictOnly, neither] = [
  [true, true],
  [true, false],
  [false, false],
] as const;

describe("check(problem, solution, { mode }) accepts", () => {
  it("a right solution, in any order that can be calculated", () => {
    expect(judge()).toEqual(both);
    expect(judge({ rib: steps.fox, fox: steps.rib })).toEqual(both);
  });

  it("any symbols, sums the other way round, and no final stop", () => {
    expect(judge({ animal: "Define Old Zoo's Animal as Z; so Z = b + d = 9 + 22 = 8" })).toEqual(
      both,
    );
    expect(igsm.check(problem, Object.values(steps).join(". "), { mode: "tight" }).why).toBe("");
  });

  it("results between that together mean what the problem says", () =>
    expect(
      judge({
        owl: "Define Old Zoo's Owl as d; f = c + 1 = 19 + 1 = 20; so d = f + 2 = 20 + 2 = 22",
      }),
    ).toEqual(both));
});

describe("only strict accepts", () => {
  it("an operator in symbols that is not the one in numbers", () =>
    expect(judge({ owl: "Define Old Zoo's Owl as d; so d = 3 * c = 3 + 19 = 22" })).toEqual(
      strictOnly,
    ));

  it("another operator in numbers, where the result is the same", () => {
    const twos = igsm.parse({
      layerNames: ["Zoo", "Animal", "Bone"],
      items: [["Old Zoo"], ["Owl", "Fox"], ["Ulna", "Rib"]],
      problemText:
        "The number of each Old Zoo's Owl equals 2. The number of each Old Zoo's Fox equals 2. " +
        "The number of each Owl's Ulna equals the sum of each Old Zoo's Owl and each Old Zoo's Fox. " +
        "How many Ulna does Owl have?",
    });
    const solved = (calculation: string): string =>
      "Define Old Zoo's Owl as a; so a = 2. Define Old Zoo's Fox as b; so b = 2. " +
      `Define Owl's Ulna as c; so c = a + b = ${calculation} = 4.`;
    const by = (text: string, mode: igsm.CheckMode) => igsm.check(twos, text, { mode });
    expect(by(solved("2 + 2"), "tight")).toEqual({ correct: true, why: "" });
    expect(by(solved("2 * 2"), "strict").correct).toBe(true);
    expect(by(solved("2 * 2"), "tight").why).toBe("expected one operator in the equation of c");
  });

  it("a step that the question does not need, and one that is made twice", () => {
    const extra = "Define Owl's Bone as f; so f = c = 19";
    expect(judge({ animal: `${extra}. ${steps.animal}` })).toEqual(neither);
    const needless = "Define Fox's Bone as f; so f = a = 5";
    expect(judge({ animal: `${needless}. ${steps.animal}` })).toEqual(strictOnly);
    const twice = "Define Fox's Rib as f; so f = 5";
    expect(judge({ animal: `${twice}. ${steps.animal}` })).toEqual(strictOnly);
  });

  it("an equation that is not used", () => {
    const owl = "Define Old Zoo's Owl as d; f = a - b = 5 - 9 = 19; so d = 3 + c = 3 + 19 = 22";
    expect(judge({ owl })).toEqual(strictOnly);
  });

  it("another symbol after so", () =>
    expect(judge({ rib: "Define Fox's Rib as a; so x = 5" })).toEqual(strictOnly));

  it("a false start that does not change the answer", () => {
    const [rib, fox] = ["Define Fox's Rib as a; so a = 6", "Define Old Zoo's Fox as b; so b = 10"];
    const animal = "Define Old Zoo's Animal as e; so e = b - d = 10 - 2 = 8";
    expect(
      judge({
        rib,
        fox,
        ulna: "Define Owl's Ulna as c; so c = b - a = 10 - 6 = 4",
        owl: "Define Old Zoo's Owl as d; f = c - 3 = 4 - 3 = 1; so d = f + f = 1 + 1 = 2",
        animal,
      }),
    ).toEqual(strictOnly);
  });
});

describe("neither mode accepts", () => {
  it.each<[string, Partial<Steps>]>([
    ["a symbol that is not defined yet", { rib: "" }],
    ["a symbol that is defined twice", { fox: "Define Old Zoo's Fox as a; so a = 9" }],
    ["a symbol of two characters", { rib: "Define Fox's Rib as aa; so aa = 5" }],
    [
      "a value that is not the symbol's",
      { owl: "Define Old Zoo's Owl as d; so d = 3 + c = 4 + 18 = 22" },
    ],
    ["wrong arithmetic", { owl: "Define Old Zoo's Owl as d; so d = 3 + c = 3 + 19 = 21" }],
    [
      "a result that is not reduced",
      { animal: "Define Old Zoo's Animal as e; so e = d + b = 22 + 9 = 31" },
    ],
    ["a parameter that is not the problem's", { rib: "Define Fox's Wing as a; so a = 5" }],
    ["an item that no sentence states", { rib: `Define Fox's Ulna as f; so f = 5. ${steps.rib}` }],
    ["a parent too few", { owl: "Define Old Zoo's Owl as d; so d = 22" }],
    [
      "a parent too many",
      { rib: `${steps.fox}`, fox: "Define Fox's Rib as a; so a = 5 - b = 5 - 9 = 19" },
    ],
    ["two numbers without a symbol", { rib: "Define Fox's Rib as a; so a = 2 + 3 = 2 + 3 = 5" }],
    ["two symbols and one number", { animal: "Define Old Zoo's Animal as e; so e = d + b = 8" }],
    ["an unknown operator", { owl: "Define Old Zoo's Owl as d; so d = 3 / c = 3 / 19 = 22" }],
    ["a sentence of another kind", { rib: "Fox has a = 5" }],
    ["a last step that finds something else", { animal: "" }],
  ])("%s", (_, changes) => expect(judge(changes)).toEqual(neither));

  it("a wrong answer, each step consistent with the one before", () => {
    expect(judge({ animal: "Define Old Zoo's Animal as e; so e = d - b = 22 - 9 = 13" })).toEqual(
      neither,
    );
  });
});

describe("tolerant", () => {
  const judgeText = (text: string): boolean =>
    igsm.check(problem, text, { mode: "tolerant" }).correct;

  it("reads what strict reads, and the same in other notation", () => {
    const plain = Object.values(steps);
    expect(judgeText(plain.join(". "))).toBe(true);
    const listed = plain.map((step, i) => `${i + 1}. **${step}**`).join("\n");
    expect(judgeText(`Let us see.\n${listed}\nThe answer is 8.`)).toBe(true);
    const typeset = plain.join(". ").replaceAll("'", "\u2019").replaceAll(" - ", " \u2212 ");
    expect(judgeText(typeset)).toBe(true);
    expect(judgeText(plain.join(".\n").replace("c = a - b = 5 - 9 = 19", "c=a-b=5-9=19"))).toBe(
      true,
    );
    expect(judgeText(plain.join(". ").replace("= 5 - 9 = 19", "= 5 - 9 = 19 (mod 23)"))).toBe(true);
  });

  it("accepts nothing that is wrong", () => {
    expect(judgeText(Object.values({ ...steps, animal: "" }).join(". "))).toBe(false);
    expect(judgeText(Object.values(steps).join(". ").replace("22 + 9 = 8", "22 + 9 = 9"))).toBe(
      false,
    );
    expect(judgeText("The answer is 8.")).toBe(false);
    expect(() => igsm.check(problem, "", { mode: "lenient" as "strict" })).toThrow(RangeError);
  });
});

describe("check is safe", () => {
  const drawn = igsm.generate(key(11), { op: 8 });
  const compact = igsm.generate(key(11), { op: 8, style: "compact" });
  const pieces = [
    ...drawn.solutionText.split(/(?<=[ ;.=])/),
    ...[
      ". ",
      "; ",
      " = ",
      " as ",
      "so ",
      "Define ",
      "ans ",
      "__proto__",
      "9".repeat(400),
      "\ud83d",
      "\n",
    ],
  ];
  const texts = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((parts) => parts.join("")),
    fc
      .tuple(fc.nat(drawn.solutionText.length), fc.nat(9), fc.string({ maxLength: 3 }))
      .map(
        ([at, gone, put]) =>
          drawn.solutionText.slice(0, at) + put + drawn.solutionText.slice(at + gone),
      ),
  );
  const modes = fc.constantFrom<igsm.CheckMode>("strict", "tight");

  it("gives a verdict on any text and leaves the problem alone", () => {
    const before = JSON.stringify([drawn, compact]);
    fc.assert(
      fc.property(
        texts,
        modes,
        fc.constantFrom("text" as const, "compact" as const),
        (text, mode, style) => {
          const { correct, why } = igsm.check(style === "text" ? drawn : compact, text, {
            mode,
            style,
          });
          expect(correct).toBe(why === "");
        },
      ),
      { numRuns: 3000 },
    );
    expect(JSON.stringify([drawn, compact])).toBe(before);
  });

  it("takes no equation that belongs to no parameter", () => {
    const judge = (text: string): boolean =>
      igsm.check(compact, text, { mode: "strict", style: "compact" }).correct;
    const { solutionText } = compact;
    expect(judge(solutionText)).toBe(true);
    expect(judge(solutionText.replace(/; ans/, "; y = 3 ; ans"))).toBe(false);
  });

  it("accepts with tight only what it accepts with strict", () =>
    fc.assert(
      fc.property(texts, (text) => {
        if (igsm.check(drawn, text, { mode: "tight" }).correct)
          expect(igsm.check(drawn, text, { mode: "strict" }).correct).toBe(true);
      }),
      { numRuns: 1000 },
    ));

  it("does not expand formulas that square themselves again and again", () => {
    const symbols = Array.from({ length: 300 }, (_, i) => String.fromCodePoint(0x4e00 + i));
    const squares = symbols
      .slice(1)
      .map((symbol, i) => `${symbol} = ${symbols[i]} * ${symbols[i]} = 1 * 1 = 1`)
      .join("; ");
    const text = ` Define Fox's Rib as ${symbols[0]}; so x = 1. Define Old Zoo's Fox as y; ${squares}; so y = 9.`;
    expect(igsm.check(problem, text, { mode: "tight" }).correct).toBe(false);
  });
});
