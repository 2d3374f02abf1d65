import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compose } from "../../../src/tasks/ifeval/mini/compose.ts";
import { isHeldOut, kinds } from "../../../src/tasks/ifeval/mini/constraints.ts";
import { storyWords } from "../../../src/tasks/ifeval/mini/symbols.ts";
import { ifeval } from "../../../src/tasks/index.ts";
import { DataError } from "../../../src/tensor/errors.ts";
import { key, stream } from "../../../src/tensor/random.ts";

const mini = ifeval.miniIfeval();
const split = (text: string): string[] => text.split(" ").map((s) => (s === "⏎" ? "\n" : s));

const asked = (prompt: readonly string[]): ifeval.MiniKind[] =>
  prompt.flatMap((symbol, i) => (prompt[i - 1] === "do" ? [symbol as ifeval.MiniKind] : []));

describe("miniIfeval(options)", () => {
  it("answers with what the real checks accept, in its own symbols, within its positions", () => {
    const known = new Set(ifeval.miniSymbols);
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 3, max: 9 }),
        (seed, count, most) => {
          const { target, score, positions, toRow } = ifeval.miniIfeval({
            constraints: [count, count],
            most,
          });
          const { prompt, response } = target.worked(stream(key(seed)));
          expect(score(prompt, response)).toEqual({ correct: true, why: "" });
          expect([...prompt, ...response].filter((symbol) => !known.has(symbol))).toEqual([]);
          expect(prompt.length + response.length).toBeLessThanOrEqual(positions);
          expect(asked(prompt).length).toBe(count);
          expect(ifeval.score([toRow(prompt, response)], ifeval.miniJudgement).strict.prompt).toBe(
            1,
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it("answers in four words, those of a title and of placeholders among them", () => {
    const words = (...constraints: Parameters<typeof compose>[1]): number =>
      compose("river", constraints).filter((symbol) => storyWords.includes(symbol)).length;
    expect(words()).toBe(4);
    expect(words(["title"])).toBe(4);
    expect(words(["slots", ">=", "2"])).toBe(4);
    expect(words(["slots", ">=", "2"], ["title"])).toBe(4);
  });

  it("has no symbol twice", () => {
    expect(new Set(ifeval.miniSymbols).size).toBe(ifeval.miniSymbols.length);
  });

  it("draws the same from the same key", () => {
    const draw = () => mini.target.worked(stream(key(3)));
    expect(draw()).toEqual(draw());
    expect(mini.target.direct(stream(key(3)))).toEqual({
      prompt: draw().prompt,
      response: ["#", draw().prompt[1]],
    });
  });

  it("draws every kind, and keeps combinations for tests", () => {
    const next = stream(key(5));
    const seen = ifeval.miniIfeval({ combinations: "seen" });
    const unseen = ifeval.miniIfeval({ combinations: "unseen" });
    const drawn = Array.from({ length: 600 }, () => asked(seen.target.worked(next).prompt));
    expect(new Set(drawn.flat()).size).toBe(kinds.length);
    expect(drawn.filter(isHeldOut)).toEqual([]);
    for (let i = 0; i < 50; i++)
      expect(isHeldOut(asked(unseen.target.worked(next).prompt))).toBe(true);
  });

  it.each<readonly [prompt: string, good: string, bad: string]>([
    ["do words >= 3", "Cap river stone bread", "Cap river stone"],
    ["do words < 3", "river stone", "river [ stone ] lamp"],
    ["do letter e >= 2", "river bread", "river stony"],
    ["do bullets 2", "* river ⏎ * stone", "* river * stone"],
    ["do slots >= 2", "[ river ] [ stone ]", "[ river stone ]"],
    ["do has lamp", "UP lamp", "river"],
    ["do not lamp", "river", "Cap lamp"],
    ["do end lamp", '" river lamp "', "lamp river"],
    ["do no ,", "river", "river , stone"],
    ["do lower", "river", "Cap river"],
    ["do upper", "UP river", "Cap river"],
    ["do title", "<< river >> ⏎ stone", "<< >> river"],
    ["do two", "river ****** stone", "river ****** river"],
    ["do quote", '" river "', 'river "'],
    ["do has lamp ; do upper", "UP lamp", "lamp"],
  ])("judges a response to %s", (constraints, good, bad) => {
    const prompt = split(`topic river ; ${constraints} ;`);
    expect(mini.score(prompt, split(good))).toEqual({ correct: true, why: "" });
    expect(mini.score(prompt, split(bad)).correct).toBe(false);
  });

  it("names the instructions that were missed", () => {
    const prompt = split("topic river ; do has lamp ; do upper ; do no , ;");
    expect(mini.score(prompt, split("river stone")).why).toBe(
      "keywords:existence, change_case:english_capital",
    );
  });

  it("judges any response, and refuses prompts that are not its own", () => {
    const prompt = split("topic river ; do two ; do quote ;");
    const symbol = fc.oneof(fc.constantFrom(...ifeval.miniSymbols), fc.string());
    fc.assert(
      fc.property(fc.array(symbol), (response) => {
        expect(typeof mini.score(prompt, response).correct).toBe("boolean");
      }),
    );
    for (const wrong of ["", "river", "topic river ; do dance ;", "topic river ; do words 3 ;"])
      expect(() => mini.score(split(wrong), ["river"])).toThrow(DataError);
  });

  it("refuses options that no prompt meets", () => {
    expect(() => ifeval.miniIfeval({ constraints: [2, 1] })).toThrow(RangeError);
    expect(() => ifeval.miniIfeval({ most: 10 })).toThrow(RangeError);
    const { target } = ifeval.miniIfeval({ kinds: ["lower", "upper"], constraints: [2, 2] });
    expect(() => target.worked(stream(key(1)))).toThrow(RangeError);
  });
});
