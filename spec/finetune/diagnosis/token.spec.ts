import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { flipOf } from "../../../src/anchored/targets/flips.ts";
import {
  expectedRatio,
  interpolateRow,
  logSoftmaxRow,
} from "../../../src/anchored/targets/hostRows.ts";
import { GRID, tokenReader } from "../../../src/finetune/diagnosis/token.ts";
import { at } from "../../../src/tensor/shapes.ts";

const V = 6;
const logits = (most: number) =>
  fc
    .array(fc.double({ min: -most, max: most, noNaN: true }), { minLength: V, maxLength: V })
    .map((row) => Float32Array.from(row));
const read = tokenReader(V, 0.01);
const normal = (data: Float32Array): Float64Array => {
  const out = new Float64Array(data.length);
  logSoftmaxRow({ data, temperature: 1 }, 0, out);
  return out;
};

describe("a token's look", () => {
  test("has the anchor's divergence at every weight of the grid", () => {
    fc.assert(
      fc.property(logits(30), logits(30), (base, sft) => {
        const { divergence } = read({ example: 0, label: 0, logits: [base, sft] });
        const [p, s, q] = [normal(base), normal(sft), new Float64Array(V)];
        for (let k = 0; k <= GRID; k++) {
          interpolateRow("logit", k / GRID)(p, s, q);
          expect(Math.abs(at(divergence, k) - expectedRatio(p, p, q))).toBeLessThan(1e-9);
        }
      }),
    );
  });

  test("is finite and never negative, however far the models are apart", () => {
    fc.assert(
      fc.property(logits(2000), logits(2000), (base, sft) => {
        const { divergence } = read({ example: 0, label: 0, logits: [base, sft] });
        expect([...divergence].every((x) => x >= 0 && Number.isFinite(x))).toBe(true);
      }),
    );
  });

  test("says when the likeliest token goes over, as flipOf does", () => {
    fc.assert(
      fc.property(logits(5), logits(5), (base, sft) => {
        const { from, to, leaves, arrives } = read({ example: 0, label: 0, logits: [base, sft] });
        const flip = flipOf(normal(base), normal(sft));
        expect({ from, to, leaves, arrives }).toEqual(flip);
      }),
    );
  });

  test.each([
    ["known", 0, [9, 0, 0], [0, 9, 0]],
    ["latent", 1, [1, 0, 0], [0, 0, 9]],
    ["rare", 1, [9, 0, 0], [0, 9, 0]],
    ["alien", 1, [9, 0, 0], [0, 0, 9]],
    // p_sft's likeliest, but it would rather say one of the others.
    ["alien", 1, [9, 0, 0], [0.9, 1, 0.9]],
  ])("is %s by what base and p_sft say of the label", (kind, label, base, sft) => {
    const logits = [base, sft].map((row) => Float32Array.from(row));
    expect(tokenReader(3, 0.01)({ example: 0, label, logits }).kind).toBe(kind);
  });
});
