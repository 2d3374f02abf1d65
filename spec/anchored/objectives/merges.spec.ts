import fc from "fast-check";
import { expect, test } from "vitest";
import { dareMerge, tiesMerge } from "../../../src/anchored/objectives/merges.ts";
import { tensor } from "../../../src/tensor/apply.ts";
import { key } from "../../../src/tensor/random.ts";

const base = { a: tensor([1, 2, 3]), b: tensor([[4, 5]]) };
const tuned = { a: tensor([1.5, 0, 3]), b: tensor([[4.1, 9]]) };
const numbers = ({ a, b }: typeof base): number[] => [...a.data, ...b.data];

test("TIES keeps the largest differences over all tensors", () => {
  const close = (xs: readonly number[]) => xs.map((x) => expect.closeTo(x, 12));
  expect(numbers(tiesMerge(base, tuned, { weight: 0.5, keep: 0.4 }))).toEqual(
    close([1, 1, 3, 4, 7]),
  );
  expect(numbers(tiesMerge(base, tuned, { weight: 1, keep: 1 }))).toEqual(close(numbers(tuned)));
  expect(numbers(tiesMerge(base, tuned, { weight: 1, keep: 0 }))).toEqual(numbers(base));
});

test("DARE drops differences and is the fine-tuned model on average", () => {
  const size = 20_000;
  const zero = { w: tensor(Array(size).fill(0)) };
  const one = { w: tensor(Array(size).fill(1)) };
  fc.assert(
    fc.property(fc.nat(1000), fc.constantFrom(0.1, 0.5, 0.9), (seed, drop) => {
      const { w } = dareMerge(zero, one, { weight: 1, drop, key: key(seed) });
      const all = [...w.data];
      const kept = all.filter((x) => x !== 0);
      expect(kept.every((x) => Math.abs(x - 1 / (1 - drop)) < 1e-12)).toBe(true);
      // Five standard deviations of the share that stays.
      const spread = 5 * Math.sqrt((drop * (1 - drop)) / size);
      expect(Math.abs(kept.length / size - (1 - drop))).toBeLessThan(spread);
      expect(dareMerge(zero, one, { weight: 1, drop, key: key(seed) }).w.data).toEqual(w.data);
    }),
    { numRuns: 10 },
  );
});

test.each([NaN, Infinity, -Infinity])("a model that has broken down, %s, is not merged", (x) => {
  for (const [from, to] of [
    [base, { ...tuned, b: tensor([[4, x]]) }],
    [{ ...base, b: tensor([[4, x]]) }, tuned],
  ] as const) {
    const message = /Merge: expected finite numbers, got .* at b\[1\]$/;
    expect(() => tiesMerge(from, to, { weight: 1, keep: 0.2 })).toThrow(message);
    expect(() => dareMerge(from, to, { weight: 1, drop: 0.9, key: key(1) })).toThrow(message);
  }
});

test("merges refuse what cannot be", () => {
  expect(() => tiesMerge(base, tuned, { weight: 1, keep: 2 })).toThrow("0 ≤ keep ≤ 1, got 2");
  expect(() => dareMerge(base, tuned, { weight: 1, drop: 1, key: key(0) })).toThrow(
    new RangeError("dareMerge: expected 0 ≤ drop < 1, got 1"),
  );
  expect(() => tiesMerge(base, { a: tuned.a } as typeof base, { weight: 1 })).toThrow(
    new TypeError("tiesMerge: expected b in both models, got one"),
  );
});
