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

describe("drawSkill(suite, name, next)", () => {
  it("gives the one that is named, and else any but the targets", () => {
    const next = stream(key(2));
    expect(drawSkill(suite, "med", next).name).toBe("med");
    const names = new Set(
      Array.from({ length: 300 }, () => drawSkill(suite, undefined, next).name),
    );
    expect([...names].sort()).toEqual(Object.keys(suite.skills).sort());
    expect(() => skillNamed(suite, "chess")).toThrow(/^skill: expected one of rev, .*, got chess$/);
  });
});
