import fc from "fast-check";
import { expect, test } from "vitest";
import { flipOf, flipThreshold, likeliestOf } from "../../../src/anchored/targets/flips.ts";
import { interpolateRow } from "../../../src/anchored/targets/hostRows.ts";

/** On a grid, so that lines that cross do so at an angle. */
const logits = fc.integer({ min: -480, max: 480 }).map((x) => x / 16);
const rows = fc
  .integer({ min: 2, max: 12 })
  .chain((V) =>
    fc.tuple(
      fc.array(logits, { minLength: V, maxLength: V }),
      fc.array(logits, { minLength: V, maxLength: V }),
    ),
  );
const inside = fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true });

/** The likeliest token of the anchor. */
const choiceAt = (p: readonly number[], s: readonly number[], a: number): number =>
  likeliestOf(p.map((x, k) => (1 - a) * x + a * (s[k] as number)));

test("below `leaves` the anchor keeps the first choice, above it has another", () => {
  fc.assert(
    fc.property(rows, inside, ([p, s], step) => {
      const { from, to, leaves } = flipOf(p, s);
      fc.pre(from !== to && leaves > 1e-9 && leaves < 1 - 1e-9);
      expect(choiceAt(p, s, leaves * (1 - step))).toBe(from);
      expect(choiceAt(p, s, leaves + (1 - leaves) * step)).not.toBe(from);
    }),
    { numRuns: 2000 },
  );
});

test("above `arrives` it has the second model's choice, just below another", () => {
  fc.assert(
    fc.property(rows, inside, ([p, s], step) => {
      const { from, to, arrives } = flipOf(p, s);
      fc.pre(from !== to && arrives > 1e-9 && arrives < 1 - 1e-9);
      expect(choiceAt(p, s, arrives + (1 - arrives) * step)).toBe(to);
      expect(choiceAt(p, s, arrives * (1 - step))).not.toBe(to);
    }),
    { numRuns: 2000 },
  );
});

test("both are what a walk along the path finds", () => {
  fc.assert(
    fc.property(rows, ([p, s]) => {
      const STEPS = 500;
      const choices = Array.from({ length: STEPS + 1 }, (_, i) => choiceAt(p, s, i / STEPS));
      const { from, to, leaves, arrives } = flipOf(p, s);
      if (from === to) {
        expect(new Set(choices)).toEqual(new Set([from]));
        return;
      }
      const left = choices.findIndex((k) => k !== from) / STEPS;
      const arrived = (choices.findLastIndex((k) => k !== to) + 1) / STEPS;
      expect(Math.abs(leaves - left)).toBeLessThanOrEqual(1 / STEPS + 1e-9);
      expect(Math.abs(arrives - arrived)).toBeLessThanOrEqual(1 / STEPS + 1e-9);
    }),
    { numRuns: 1000 },
  );
});

test("the two-token threshold lies between them, and is both of them where there are two tokens", () => {
  fc.assert(
    fc.property(rows, ([p, s]) => {
      const { from, to, leaves, arrives } = flipOf(p, s);
      fc.pre((p[from] as number) > (p[to] as number) && (s[to] as number) > (s[from] as number));
      const between = flipThreshold(p, s, from, to) as number;
      expect(leaves).toBeLessThanOrEqual(between);
      expect(between).toBeLessThanOrEqual(arrives);
      const [two, other] = [p, s].map((row) => [row[from] as number, row[to] as number]) as [
        number[],
        number[],
      ];
      const flip = flipOf(two, other);
      expect(flip.leaves).toBe(between);
      expect(flip.arrives).toBe(between);
    }),
    { numRuns: 1000 },
  );
});

test("no constant on either side's logits changes them", () => {
  fc.assert(
    fc.property(rows, logits, logits, ([p, s], c, d) => {
      const [one, other] = [
        flipOf(p, s),
        flipOf(
          p.map((x) => x + c),
          s.map((x) => x + d),
        ),
      ];
      fc.pre(one.from === other.from && one.to === other.to && Number.isFinite(one.leaves));
      expect(other.leaves).toBeCloseTo(one.leaves, 6);
      expect(other.arrives).toBeCloseTo(one.arrives, 6);
    }),
    { numRuns: 1000 },
  );
});

test("are those of the anchor that training uses", () => {
  fc.assert(
    fc.property(rows, inside, ([p, s], a) => {
      const { from, to, leaves, arrives } = flipOf(p, s);
      fc.pre(from !== to && Math.min(Math.abs(a - leaves), Math.abs(a - arrives)) > 1e-9);
      const [logP, logS, q] = [p, s, p].map((row) => Float64Array.from(row)) as [
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      interpolateRow("logit", a)(logP, logS, q);
      const choice = likeliestOf(q);
      expect(choice === from).toBe(a < leaves);
      expect(choice === to).toBe(a > arrives);
    }),
    { numRuns: 1000 },
  );
});
