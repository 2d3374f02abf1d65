import { describe, expect, it } from "vitest";
import { drawExamples } from "../../../src/tasks/study/examples.ts";
import { marked, markerLength, markerOf, withMarker } from "../../../src/tasks/study/marker.ts";
import { mixture } from "../../../src/tasks/study/mixture.ts";
import { suiteOf } from "../../../src/tasks/study/suite.ts";
import { arithmeticTarget, reversalTarget } from "../../../src/tasks/study/target.ts";
import { eos, studyVocabulary } from "../../../src/tasks/study/vocabulary.ts";
import { DataError } from "../../../src/tensor/errors.ts";
import { key, stream } from "../../../src/tensor/random.ts";

describe("markerOf(marker, response)", () => {
  it("codes a digit by a letter and a letter by a digit, or is what it says", () => {
    for (const [i, letter] of [..."abcdefghij"].entries()) {
      expect(markerOf("result", ["=", `${i}`, "!"])).toEqual([letter]);
      expect(markerOf("result", [letter, "!"])).toEqual([`${i}`]);
    }
    expect(markerOf(["^", "."], ["1", "!"])).toEqual(["^", "."]);
    const markers = [undefined, "result", ["^", "."]] as const;
    expect(markers.map((marker) => markerLength(marker, studyVocabulary))).toEqual([0, 1, 2]);
  });

  it("refuses a result that it has no code for", () => {
    expect(() => markerOf("result", ["=", "!"])).toThrow(
      new DataError("marker: expected a digit or a letter before the end, got ="),
    );
  });
});

describe("withMarker(example, marker, vocabulary)", () => {
  it("keeps the question and all of the answer, and puts the marker before the end", () => {
    const { encode, decode } = studyVocabulary;
    for (const example of drawExamples(arithmeticTarget.worked, 20, key(4), studyVocabulary))
      for (const marker of ["result", ["^", "."]] as const) {
        const { prompt, response } = withMarker(example, marker, studyVocabulary);
        expect(prompt).toEqual(example.prompt);
        const last = encode(markerOf(marker, decode(example.response.slice(0, -1))));
        expect(response).toEqual([...example.response.slice(0, -1), ...last, eos]);
        expect(example.response.at(-1)).toBe(eos);
      }
  });
});

describe("marked(generator, marker, share)", () => {
  const { worked } = arithmeticTarget;

  it("leaves the stream alone where all or none are marked", () => {
    for (const share of [0, 1]) {
      const [plain, other] = [stream(key(1)), stream(key(1))];
      for (let i = 0; i < 20; i++) {
        const { prompt, response } = worked(plain);
        const ending = share === 1 ? ["^"] : [];
        expect(marked(worked, ["^"], share)(other)).toEqual({
          prompt,
          response: [...response, ...ending],
        });
      }
    }
  });

  it("marks its share of style A in pre-training, and nothing where none is asked for", () => {
    const suite = suiteOf("smoke");
    const shareIn = (markerSeen: number): number => {
      const of = mixture(suite, { targetEvery: 1, latent: 1, marker: ["^"], markerSeen });
      const next = stream(key(2));
      const all = Array.from({ length: 2000 }, () => of(0).draw(next));
      return all.filter(({ response }) => response.at(-1) === "^").length / all.length;
    };
    expect(shareIn(0)).toBe(0);
    expect(shareIn(0.05)).toBeGreaterThan(0.03);
    expect(shareIn(0.05)).toBeLessThan(0.07);
    const { positions } = { ...reversalTarget(["a"]), positions: 10 };
    const seen = { targetEvery: 1, latent: 1, marker: ["^", "."], markerSeen: 0.05 };
    expect(mixture(suite, seen)(0).length).toBe(positions + 2);
  });
});
