import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type MiniOptions, miniIgsm, miniSymbols } from "../../../src/tasks/igsm/index.ts";
import { key, stream } from "../../../src/tensor/random.ts";

const seeds = fc.integer({ min: 0, max: 2 ** 31 });

const knobs: fc.Arbitrary<MiniOptions> = fc.oneof(
  fc.constant<MiniOptions>({}),
  fc.record({
    modulus: fc.constantFrom(2, 5, 7, 11, 23),
    op: fc.constantFrom<readonly [number, number]>([1, 1], [1, 2], [3, 4], [5, 5]),
    depth: fc.constantFrom(2, 3),
    width: fc.constantFrom<readonly [number, number]>([2, 2], [2, 3]),
    maxEdge: fc.integer({ min: 4, max: 6 }),
    maxOperands: fc.integer({ min: 2, max: 4 }),
    worlds: fc.constantFrom<readonly (0 | 1)[]>([0], [1], [0, 1]),
  }),
);

describe("mini-igsm", () => {
  it("has a vocabulary of 134 different symbols", () => {
    expect(miniSymbols).toHaveLength(134);
    expect(new Set(miniSymbols).size).toBe(134);
    for (const symbol of miniSymbols) expect(symbol).toMatch(/^(\S+( \.)?|= \d+)$/);
  });

  it("speaks in its vocabulary, within its positions, and its own responses are right", () =>
    fc.assert(
      fc.property(seeds, knobs, (seed, options) => {
        const { symbols, target, positions, score } = miniIgsm(options);
        const { prompt, response } = target.worked(stream(key(seed)));
        for (const symbol of [...prompt, ...response]) expect(symbols).toContain(symbol);
        expect(prompt.length + response.length).toBeLessThanOrEqual(positions);
        for (const mode of ["answer", "strict", "tight"] as const)
          expect(score(prompt, response, mode)).toEqual({ correct: true, why: "" });
      }),
      { numRuns: 200 },
    ));

  it("answers directly what it answers step by step", () =>
    fc.assert(
      fc.property(seeds, knobs, (seed, options) => {
        const { target, score } = miniIgsm(options);
        const worked = target.worked(stream(key(seed)));
        const direct = target.direct(stream(key(seed)));
        expect(direct.prompt).toEqual(worked.prompt);
        expect(direct.response).toEqual(worked.response.slice(-2));
        expect(score(direct.prompt, direct.response, "answer").correct).toBe(true);
        expect(score(direct.prompt, direct.response, "strict").correct).toBe(false);
      }),
      { numRuns: 100 },
    ));

  it("sees every change to a worked response", () =>
    fc.assert(
      fc.property(seeds, knobs, fc.nat(), fc.nat(), (seed, options, where, what) => {
        const { target, score } = miniIgsm(options);
        const { prompt, response } = target.worked(stream(key(seed)));
        const at = where % response.length;
        const changed = response.with(at, miniSymbols[what % miniSymbols.length] as string);
        const { correct } = score(prompt, changed, "tight");
        // A symbol that is defined here may be another, if nothing refers to it.
        const defines = at === 0 || response[at - 1] === ";";
        if (changed[at] !== response[at] && !defines) expect(correct).toBe(false);
      }),
      { numRuns: 300 },
    ));

  it("wants every equation to belong to a step", () =>
    fc.assert(
      fc.property(seeds, knobs, (seed, options) => {
        const { target, score } = miniIgsm(options);
        const { prompt, response } = target.worked(stream(key(seed)));
        const loose = response.toSpliced(-2, 0, "#", "= 1", ";");
        expect(score(prompt, loose, "answer").correct).toBe(true);
        expect(score(prompt, loose, "strict").correct).toBe(false);
      }),
      { numRuns: 20 },
    ));

  it("gives a verdict on any response", () =>
    fc.assert(
      fc.property(
        seeds,
        fc.array(fc.constantFrom(...miniSymbols), { maxLength: 60 }),
        (seed, said) => {
          const { target, score } = miniIgsm();
          const { prompt } = target.worked(stream(key(seed)));
          for (const mode of ["answer", "strict", "tight"] as const) {
            const { correct, why } = score(prompt, said, mode);
            expect(correct).toBe(why === "");
          }
        },
      ),
      { numRuns: 300 },
    ));

  it("says which option is out of range", () => {
    expect(() => miniIgsm({ modulus: 24 })).toThrow("expected modulus ≤ 23, got 24");
    expect(() => miniIgsm({ op: [3, 2] })).toThrow(
      "expected 1 ≤ least op ≤ greatest op, got 3 and 2",
    );
    expect(() => miniIgsm({ worlds: [] }).target.worked(stream(key(0)))).toThrow(
      "expected a lexicon of at least one hierarchy, got none",
    );
    expect(() => miniIgsm({ depth: 4 }).target.worked(stream(key(0)))).toThrow(
      "expected a whole number depth from 2 to 3, got 4",
    );
  });
});
