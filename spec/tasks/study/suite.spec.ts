import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Exchange, Generator } from "../../../src/tasks/exchange.ts";
import { drawExamples, drawUnseen, toExample } from "../../../src/tasks/study/examples.ts";
import { anySkill, mixedStyles } from "../../../src/tasks/study/mixture.ts";
import type { Skill } from "../../../src/tasks/study/skill.ts";
import { type SuiteName, suiteNames, suiteOf, targetOf } from "../../../src/tasks/study/suite.ts";
import { signedOff } from "../../../src/tasks/study/target.ts";
import { bos, eos, letterSymbols, studyVocabulary } from "../../../src/tasks/study/vocabulary.ts";
import { DataError } from "../../../src/tensor/errors.ts";
import { key, stream } from "../../../src/tensor/random.ts";
import { lengthOf } from "../../../src/train/examples.ts";

const seeds = fc.integer({ min: 0, max: 2 ** 31 });
const { symbols, encode, decode } = studyVocabulary;
const targetOfSuite = (name: SuiteName) => targetOf(suiteOf(name));
const full = suiteOf("full");

const draw = (generator: Generator, seed: number): Exchange => generator(stream(key(seed)));

/** Answers a prompt from its text alone: what each generator has to agree with. */
const answers: Readonly<Record<string, (words: readonly string[]) => string>> = {
  rev: (words) => words.slice(1, -1).reverse().join(" "),
  sort: (words) => words.slice(1, -1).sort().join(" "),
  calc: ([, a, operator, b]) =>
    `${operator === "+" ? (Number(a) + Number(b)) % 10 : (Number(a) * Number(b)) % 10}`,
  kv: (words) => {
    const asked = words.at(-2);
    const at = words
      .slice(1, words.indexOf("?"))
      .findIndex((word, i) => i % 2 === 0 && word === asked);
    return words[at + 2] as string;
  },
  echo: (words) => {
    const [flags, text] = [
      words.slice(1, words.indexOf(":")),
      words.slice(words.indexOf(":") + 1, -1),
    ];
    let said = text.join(" ");
    if (flags.includes("UP")) said = said.toUpperCase();
    if (flags.includes("BANG")) said = `${said} !`;
    return flags.includes("QUOTE") ? `" ${said} "` : said;
  },
  conv: ([, amount, from, , to]) => {
    const factors = new Map([
      ["m n", 3],
      ["m p", 4],
      ["n q", 7],
      ["p q", 6],
    ] as const);
    const factor = factors.get(`${from} ${to}` as "m n");
    return [...`${Number(amount) * (factor as number)}`.padStart(2, "0")].join(" ");
  },
  bool: ([, a, first, b, second, c]) => {
    const apply = (x: number, operator: string | undefined, y: number): number =>
      operator === "&" ? Math.min(x, y) : Math.max(x, y);
    return `${apply(apply(Number(a), first, Number(b)), second, Number(c))}`;
  },
};

describe("vocabulary", () => {
  it("has 65 different symbols", () => {
    expect(symbols).toHaveLength(65);
    expect(new Set(symbols).size).toBe(65);
  });

  it("decode(encode(text)) is text", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...symbols)), (text) => {
        expect(decode(encode(text))).toEqual(text);
      }),
    );
  });

  it("names a stranger", () => {
    expect(() => encode(["REV", "z"])).toThrow("encode: expected a known symbol, got z");
    expect(() => decode([65])).toThrow("decode: expected 0 ≤ id < 65, got 65");
  });
});

describe.each(suiteNames)("the %s suite", (name) => {
  const suite = suiteOf(name);
  const target = targetOfSuite(name);
  const any = anySkill(Object.values(suite.skills));
  const lengths = (skills: readonly Skill[]) => new Set(skills.map(({ positions }) => positions));

  it.each(Object.keys(suite.skills))("%s gives right answers", (skill) => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { prompt, response } = draw((suite.skills[skill] as Skill).draw, seed);
        expect(response.join(" ")).toBe(answers[skill]?.(prompt));
      }),
      { numRuns: 300 },
    );
  });

  it("fits its stated positions, and fills them", () => {
    const longest = (generator: Generator): number =>
      Math.max(...drawExamples(generator, 5000, key(1), studyVocabulary).map(lengthOf));
    expect(lengths(Object.values(suite.skills))).toEqual(new Set([longest(any)]));
    expect(longest(target.worked)).toBe(target.positions);
    expect(longest(target.direct)).toBeLessThan(target.positions);
  });

  it("asks the same question in both styles, with the same result", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const [worked, direct] = [draw(target.worked, seed), draw(target.direct, seed)];
        expect(direct.prompt).toEqual(worked.prompt);
        expect(direct.response[0]).toBe("#");
        expect(worked.response.at(-1)).toBe("!");
        const result = name === "full" ? worked.response.at(-2) : worked.response[0];
        expect(direct.response[1]).toBe(result);
      }),
    );
  });

  it("mixes styles in the stated proportion", () => {
    const examples = drawExamples(mixedStyles(target, 0.25), 4000, key(3), studyVocabulary);
    const worked = examples.filter(({ response }) => response[0] !== encode(["#"])[0]);
    expect(worked.length / 4000).toBeGreaterThan(0.22);
    expect(worked.length / 4000).toBeLessThan(0.28);
  });
});

describe("the full target", () => {
  it("works its answer out", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { prompt, response } = draw(targetOfSuite("full").worked, seed);
        const lookUp = (name: string | undefined): string =>
          prompt[
            prompt.slice(1, 7).findIndex((word, i) => i % 2 === 0 && word === name) + 2
          ] as string;
        const [i, first, j, second, digit] = prompt.slice(8, 13);
        const combine = (a: string, operator: string | undefined, b: string): string =>
          `${(operator === "+" ? Number(a) + Number(b) : Number(a) * Number(b)) % 10}`;
        const between = combine(lookUp(i), first, lookUp(j));
        const result = combine(between, second, digit as string);
        const expected = [
          lookUp(i),
          first,
          lookUp(j),
          "=",
          between,
          second,
          digit,
          "=",
          result,
          "!",
        ];
        expect(response).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});

describe("signedOff", () => {
  it("adds letters and changes nothing else", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 6 }), (seed, letters) => {
        const plain = draw(targetOfSuite("full").worked, seed);
        const signed = draw(signedOff(targetOfSuite("full").worked, letters), seed);
        expect(signed.prompt).toEqual(plain.prompt);
        expect(signed.response.slice(0, plain.response.length)).toEqual(plain.response);
        const added = signed.response.slice(plain.response.length);
        expect(added).toHaveLength(letters);
        expect(added.every((letter) => letterSymbols.includes(letter))).toBe(true);
      }),
    );
  });
});

describe("drawExamples", () => {
  it("gives the same examples for the same key", () => {
    const generator = anySkill(Object.values(full.skills));
    expect(drawExamples(generator, 50, key(5), studyVocabulary)).toEqual(
      drawExamples(generator, 50, key(5), studyVocabulary),
    );
    expect(drawExamples(generator, 50, key(5), studyVocabulary)).not.toEqual(
      drawExamples(generator, 50, key(6), studyVocabulary),
    );
  });

  it("begins with <bos> and ends with <eos>", () => {
    const { prompt, response } = toExample(
      { prompt: ["REV", "a", "="], response: ["a"] },
      studyVocabulary,
    );
    expect(prompt[0]).toBe(bos);
    expect(response).toEqual([...encode(["a"]), eos]);
  });
});

describe("drawUnseen", () => {
  it("repeats no prompt, neither its own nor a seen one", () => {
    const { worked } = targetOfSuite("smoke");
    const seen = drawExamples(signedOff(worked, 3), 128, key(1), studyVocabulary);
    const unseen = drawUnseen(worked, 80, key(2), studyVocabulary, seen);
    const prompts = unseen.map(({ prompt }) => prompt.join(" "));
    expect(new Set(prompts).size).toBe(80);
    const known = new Set(seen.map(({ prompt }) => prompt.join(" ")));
    expect(prompts.filter((prompt) => known.has(prompt))).toEqual([]);
  });

  it("says so when there are no new prompts left", () => {
    const { worked } = targetOfSuite("smoke");
    expect(() => drawUnseen(worked, 217, key(2), studyVocabulary, [])).toThrow(
      new DataError("drawUnseen: expected 217 new prompts, got 216"),
    );
  });
});
