import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawSkill, skillNamed, textSuite } from "../../../src/tasks/study/textSuite.ts";
import { key, stream } from "../../../src/tensor/random.ts";

const suite = textSuite();
const keys = fc.nat().map(key);

describe("textSuite()", () => {
  it("has twelve skills and two targets, none of them both", () => {
    const [skills, targets] = [Object.keys(suite.skills), Object.keys(suite.targets)];
    expect([skills.length, targets.length]).toEqual([12, 2]);
    expect(new Set([...skills, ...targets]).size).toBe(14);
  });

  it("fits the positions that it names, and is right by its own verifiers", () => {
    fc.assert(
      fc.property(keys, (source) => {
        const next = stream(source);
        for (const { draw, positions, score } of Object.values(suite.skills)) {
          const { prompt, response } = draw(next);
          expect(prompt.length + response.length + 1).toBeLessThanOrEqual(positions);
          if (score) expect(score(prompt, response).correct).toBe(true);
        }
        for (const { worked, direct, score } of Object.values(suite.targets)) {
          const { prompt, response } = worked(stream(source));
          expect(direct(stream(source)).prompt).toEqual(prompt);
          if (score) expect(score(prompt, response).correct).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("copies and counts", () => {
    const drawn = (name: string, source: ReturnType<typeof key>) =>
      skillNamed(suite, name).worked(stream(source));
    fc.assert(
      fc.property(keys, (source) => {
        const copied = drawn("copy", source);
        expect(copied.prompt).toEqual(["COPY", ...copied.response, "="]);
        const { prompt, response } = drawn("count", source);
        const [, word = "", asked = ""] = /^CNT (.*) \? (\w) =$/.exec(prompt.join(" ")) ?? [];
        expect(response).toEqual([`${word.split(asked).length - 1}`]);
      }),
      { numRuns: 40 },
    );
  });
});

describe("chain", () => {
  it("works from left to right, modulo 10, and says the same directly", () => {
    fc.assert(
      fc.property(keys, (source) => {
        const { worked, direct } = skillNamed(suite, "chain");
        const { prompt, response } = worked(stream(source));
        const [word, first, ...terms] = prompt.slice(0, -1);
        expect([word, prompt.at(-1), terms.length]).toEqual(["CHAIN", "=", 6]);
        let value = Number(first);
        const steps = [0, 2, 4].map((i) => {
          const [before, number] = [value, Number(terms[i + 1])];
          value = (terms[i] === "+" ? before + number : before * number) % 10;
          return `${before} ${terms[i]} ${number} =`;
        });
        expect(response.join(" ")).toBe(`${steps.join(" ")} ${value} !`);
        expect(direct(stream(source)).response).toEqual(["#", `${value}`]);
      }),
      { numRuns: 200 },
    );
  });
});

describe("drawSkill(suite, name, next)", () => {
  it("gives the one that is named, and else any but the targets", () => {
    const next = stream(key(2));
    expect(drawSkill(suite, "chain", next).name).toBe("chain");
    const names = new Set(
      Array.from({ length: 300 }, () => drawSkill(suite, undefined, next).name),
    );
    expect([...names].sort()).toEqual(Object.keys(suite.skills).sort());
    expect(() => skillNamed(suite, "chess")).toThrow(/^skill: expected one of rev, .*, got chess$/);
  });
});
