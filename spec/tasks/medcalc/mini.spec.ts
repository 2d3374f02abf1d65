import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  calculate,
  type MiniName,
  type MiniOptions,
  miniMedcalc,
} from "../../../src/tasks/medcalc/index.ts";
import { readNote } from "../../../src/tasks/medcalc/mini/note.ts";
import { questions } from "../../../src/tasks/medcalc/mini/questions.ts";
import { key, stream } from "../../../src/tensor/random.ts";

const names = Object.keys(questions) as MiniName[];
const hard: MiniOptions = { distractors: [0, 4], shuffle: true, synonyms: 0.5, sentences: 0.5 };
const knobs = fc.record<MiniOptions>({
  calculators: fc.subarray(names, { minLength: 1 }),
  distractors: fc.tuple(fc.nat(2), fc.integer({ min: 2, max: 4 })),
  shuffle: fc.boolean(),
  synonyms: fc.constantFrom(0, 0.5, 1),
  sentences: fc.constantFrom(0, 0.5, 1),
});

/** The equations of a worked response: operands, operator, result. */
const equations = (response: readonly string[]): [number, string, number, number][] =>
  response
    .join("")
    .split(";")
    .flatMap((part) => {
      const match = /^(-?[\d.]+)([-+*/])(-?[\d.]+)=(-?[\d.]+)$/.exec(part);
      return match === null
        ? []
        : [[Number(match[1]), match[2] as string, Number(match[3]), Number(match[4])] as const];
    }) as [number, string, number, number][];

describe("miniMedcalc(options)", () => {
  it("draws from its symbols, within its positions, what its scorer takes as right", () => {
    fc.assert(
      fc.property(knobs, fc.integer(), fc.boolean(), (options, seed, worked) => {
        const mini = miniMedcalc(options);
        const next = stream(key(seed));
        const { prompt, response } = worked ? mini.target.worked(next) : mini.target.direct(next);
        expect(mini.score(prompt, response)).toEqual({ correct: true, why: "" });
        expect([...prompt, ...response].filter((it) => !mini.symbols.includes(it))).toEqual([]);
        expect(prompt.length + response.length).toBeLessThanOrEqual(mini.positions);
      }),
      { numRuns: 500 },
    );
  });

  it("has each symbol once, and needs no more positions than it says, but all of those", () => {
    for (const name of names) {
      const mini = miniMedcalc({ calculators: [name], distractors: [0, 0] });
      const next = stream(key(3));
      const drawn = Array.from({ length: 3000 }, () => mini.target.worked(next).response.length);
      expect([name, Math.max(...drawn)]).toEqual([name, questions[name].longest]);
      expect(new Set(mini.symbols).size).toBe(mini.symbols.length);
    }
  });

  it("draws the same from the same key", () => {
    const draw = () => miniMedcalc(hard).target.worked(stream(key(5)));
    expect(draw()).toEqual(draw());
  });

  it("asks every calculator, with steps that are true and lead to the answer", () => {
    const mini = miniMedcalc(hard);
    const next = stream(key(1));
    const asked = new Set<string>();
    for (let i = 0; i < 2000; i++) {
      const { prompt, response } = mini.target.worked(next);
      const { ask, entities } = readNote(prompt);
      asked.add(ask);
      const answer = Number(response.slice(response.indexOf("ans") + 1).join(""));
      expect(answer).toBeCloseTo(calculate(questions[ask].id, entities) as number, 5);
      const steps = equations(response);
      for (const [a, operator, b, c] of steps)
        expect({ "+": a + b, "-": a - b, "*": a * b, "/": a / b }[operator]).toBeCloseTo(c, 9);
      if (steps.length > 0) expect(steps.at(-1)?.[3]).toBe(answer);
      else
        expect(response.slice(0, response.indexOf(";")).filter((it) => it === "1")).toHaveLength(
          answer,
        );
    }
    expect([...asked].sort()).toEqual([...names].sort());
  });

  it("draws heights and weights of whole steps around the ideal, all that it names", () => {
    const next = stream(key(7));
    const drawn = Array.from({ length: 500 }, () => questions.abw.draw?.(next) ?? {});
    const idealOf = (inch: unknown) => 50 + 2.3 * (Number(inch) - 60);
    expect(new Set(drawn.map(({ inch }) => inch))).toEqual(new Set([60, 70]));
    const steps = new Set(drawn.map(({ inch, wt }) => Math.round(Number(wt) - idealOf(inch))));
    expect([...steps].sort((a, b) => a - b)).toEqual([-10, -5, 0, 5, 10, 15, 20, 25]);
  });

  it("reads notes in all their wordings", () => {
    for (const note of [
      "pt sbp 8 4 dbp 5 7 ? map",
      "pt bp 8 4 / 5 7 ? map",
      "pt the systolic is 8 4 . hr 7 1 on admission diastolic 5 7 . ? map",
    ])
      expect(readNote(note.split(" "))).toMatchObject({ ask: "map", values: { sbp: 84, dbp: 57 } });
  });

  it("takes decimals within 5 %, whole numbers as they round, and nothing else", () => {
    const { score } = miniMedcalc();
    const map = "pt sbp 8 4 dbp 5 7 ? map".split(" ");
    const curb = "pt age 7 1 conf no bun 2 5 rr 2 2 sbp 8 4 dbp 5 7 ? curb".split(" ");
    const say = (prompt: readonly string[], said: string) => score(prompt, said.split(" ")).correct;
    expect(say(map, "ans 6 9 . 3")).toBe(true);
    expect(say(map, "ans 6 9 . 4")).toBe(false);
    expect(say(map, "6 6")).toBe(false);
    expect(say(map, "ans")).toBe(false);
    expect(say(curb, "ans 3")).toBe(true);
    expect(say(curb, "ans 2")).toBe(false);
    expect(score(map, ["ans", "7", "0"]).why).toBe("expected map 66, got 70");
  });

  it("judges any response, and refuses prompts of others", () => {
    const mini = miniMedcalc();
    const prompt = "pt wt 2 5 ? fluid".split(" ");
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...mini.symbols), fc.string())), (response) => {
        expect(typeof mini.score(prompt, response).correct).toBe("boolean");
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...mini.symbols)), (symbols) => {
        try {
          readNote(["pt", ...symbols, "?", "map"]);
        } catch (error) {
          expect((error as Error).name).toBe("DataError");
        }
      }),
    );
    expect(() => mini.score(["REV", "a", "="], [])).toThrow("miniMedcalc: expected pt … ? ask");
  });

  it("refuses options that no note meets", () => {
    expect(() => miniMedcalc({ calculators: [] })).toThrow(RangeError);
    expect(() => miniMedcalc({ calculators: ["none" as MiniName] })).toThrow("got none");
    expect(() => miniMedcalc({ distractors: [2, 1] })).toThrow(RangeError);
    expect(() => miniMedcalc({ distractors: [0, 99] })).toThrow("distractors ≤");
  });
});
