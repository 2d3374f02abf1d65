import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Choice, chooseToken } from "../../../src/nn/generate/sampling.ts";

const logits = fc.array(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: 1, maxLength: 9 });
/** Few values, so that many are equal. */
const tied = fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 1, maxLength: 9 });
const rows = fc.oneof(logits, tied);

const plain = { temperature: 1, seen: [], isAllowed: () => true };

/** The tokens that some noise would take. */
function support(row: readonly number[], choice: Partial<Choice>): number[] {
  return row.flatMap((_, token) => {
    // Noise that takes this token if any can.
    const noise = row.map((_, other) => (other === token ? 1e6 : 0));
    return chooseToken(row, { ...plain, ...choice, noise }) === token ? [token] : [];
  });
}

const softmax = (row: readonly number[]): number[] => {
  const top = Math.max(...row);
  const weights = row.map((x) => Math.exp(x - top));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / total);
};

describe("chooseToken(logits, choice)", () => {
  test("takes the first of the largest without noise, whatever the filters", () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 9 }), (row, topK) => {
        const first = row.indexOf(Math.max(...row));
        for (const temperature of [0, 1])
          expect(chooseToken(row, { ...plain, temperature, topK, topP: 0.1 })).toBe(first);
      }),
    );
  });

  test("takes the largest of logits / temperature + noise", () => {
    fc.assert(
      fc.property(rows, fc.double({ min: 0.1, max: 9, noNaN: true }), (row, temperature) => {
        const noise = row.map((_, i) => Math.sin(i * 7 + 1));
        const scores = row.map((x, i) => x / temperature + (noise[i] as number));
        expect(chooseToken(row, { ...plain, temperature, noise })).toBe(
          scores.indexOf(Math.max(...scores)),
        );
      }),
    );
  });

  test("top-k keeps the k likeliest and those as likely as the k-th", () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 12 }), (row, topK) => {
        const least = row.toSorted((a, b) => b - a)[Math.min(topK, row.length) - 1] as number;
        const wanted = [...row.keys()].filter((token) => (row[token] as number) >= least);
        expect(support(row, { topK })).toEqual(wanted);
      }),
    );
  });

  test("top-p keeps the smallest set of the likeliest that reaches p", () => {
    fc.assert(
      fc.property(rows, fc.double({ min: 0, max: 0.999, noNaN: true }), (row, topP) => {
        const kept = support(row, { topP });
        const p = softmax(row);
        const mass = (tokens: readonly number[]) =>
          tokens.reduce((sum, token) => sum + (p[token] as number), 0);
        const least = Math.min(...kept.map((token) => p[token] as number));
        const dropped = [...row.keys()].filter((token) => !kept.includes(token));
        // Whatever stays is at least as likely as what goes; it has p together, not without its least.
        for (const token of dropped) expect(p[token]).toBeLessThanOrEqual(least);
        expect(mass(kept)).toBeGreaterThanOrEqual(topP - 1e-12);
        if (kept.length > 1) expect(mass(kept) - least).toBeLessThanOrEqual(topP + 1e-12);
        expect(kept.length).toBeGreaterThan(0);
      }),
    );
  });

  test("min-p keeps what is at least that share of the likeliest", () => {
    fc.assert(
      fc.property(rows, fc.double({ min: 0, max: 1, noNaN: true }), (row, minP) => {
        const top = Math.max(...row);
        const wanted = [...row.keys()].filter(
          (token) => Math.exp((row[token] as number) - top) >= minP,
        );
        expect(support(row, { minP })).toEqual(wanted);
      }),
    );
  });

  test("penalises each seen token once, and not by its sign", () => {
    const row = [2, -1, 0.5, 0];
    const penalised = (seen: number[]) =>
      row.map((x, i) => (!seen.includes(i) ? x : x < 0 ? x * 4 : x / 4));
    fc.assert(
      fc.property(fc.array(fc.nat(3), { maxLength: 6 }), (seen) => {
        const scores = penalised(seen);
        expect(chooseToken(row, { ...plain, temperature: 0, repetitionPenalty: 4, seen })).toBe(
          scores.indexOf(Math.max(...scores)),
        );
      }),
    );
  });

  test("works in the order of transformers: penalty, temperature, top-k, top-p, min-p", () => {
    // Worked by hand. Halved by the penalty: [2, 3, 2.5, 0]; top-k 3 drops the last; at temperature
    // ½ [4, 6, 5]: shares 0.090, 0.665, 0.245.
    const row = [4, 3, 2.5, 0];
    const asked = { temperature: 0.5, repetitionPenalty: 2, seen: [0] };
    expect(support(row, asked)).toEqual([0, 1, 2, 3]);
    expect(support(row, { ...asked, topK: 3 })).toEqual([0, 1, 2]);
    // 0.665 + 0.245 = 0.910: before the temperature 0.90 would take three.
    expect(support(row, { ...asked, topK: 3, topP: 0.9 })).toEqual([1, 2]);
    // e⁻¹ = 0.368 of the likeliest; e^(-½) = 0.607 without the temperature.
    expect(support(row, { ...asked, topK: 3, topP: 0.95, minP: 0.4 })).toEqual([1]);
    expect(support(row, { ...asked, topK: 3, topP: 0.95, minP: 0.36 })).toEqual([1, 2]);
    // Top-p is of what top-k left: 0.731 + 0.269 of two; of all four 0.665 < 0.7.
    expect(support(row, { ...asked, topK: 2, topP: 0.7 })).toEqual([1]);
  });

  test("never takes what is not allowed, and counts only what is", () => {
    fc.assert(
      fc.property(rows, fc.nat(8), fc.integer({ min: 1, max: 3 }), (row, only, topK) => {
        const allowed = only % row.length;
        const isAllowed = (token: number) => token === allowed;
        for (const temperature of [0, 1])
          expect(chooseToken(row, { ...plain, temperature, isAllowed })).toBe(allowed);
        expect(support(row, { isAllowed, topK, topP: 0.5, minP: 0.5 })).toEqual([allowed]);
      }),
    );
  });

  test("a filter leaves a sample alone that it would not have dropped", () => {
    fc.assert(
      fc.property(
        logits,
        fc.array(fc.float({ min: -3, max: 3, noNaN: true }), { minLength: 9, maxLength: 9 }),
        (row, noise) => {
          const free = chooseToken(row, { ...plain, noise });
          for (const filter of [{ topK: 2 }, { topP: 0.6 }, { minP: 0.3 }])
            if (support(row, filter).includes(free))
              expect(chooseToken(row, { ...plain, ...filter, noise })).toBe(free);
        },
      ),
    );
  });
});
