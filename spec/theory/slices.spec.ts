/**
 * A part S of the vocabulary, as in top-k distillation, and masks. Renormalise p and s on S before
 * building the anchor and every law holds there, since those are distributions. Conditioning the
 * whole anchor on S is the same for the geometric mean; for the arithmetic mean it is the anchor of
 * another weight, α·s(S) / ((1−α)·p(S) + α·s(S)).
 */
import { describe, expect, test } from "vitest";
import { kl, totalVariation } from "../../src/anchored/objectives/divergences.ts";
import { interpolate } from "../../src/anchored/objectives/interpolations.ts";
import { tensor } from "../../src/tensor/apply.ts";
import { add, exp, logSoftmax, mul, slice, sub, sum } from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { testEngine } from "../testEngine.ts";
import { always, type Choice, pairs } from "./laws/arbitraries.ts";
import { expectDigits } from "./laws/counterexamples.ts";

const engine = await testEngine();

/** The first tokens of each row. */
const head = (x: Tensor, size: number): Tensor => slice(x, [0, 0], [x.shape[0] as number, size]);

/** Between one token and all of them. */
const sizeIn = ({ vocabulary, beta }: Choice): number => Math.max(1, Math.round(beta * vocabulary));

describe("a slice of the vocabulary", () => {
  test("in logit space, cutting the anchor and anchoring the cut are the same", () =>
    always(async (choice) => {
      const { snapshot, reference } = pairs(choice);
      const size = sizeIn(choice);
      const anchor = interpolate("logit", choice.alpha);
      const { data } = await engine.run(() =>
        totalVariation(
          logSoftmax(head(anchor(snapshot, reference), size)),
          anchor(head(snapshot, size), head(reference, size)),
        ),
      );
      expect(Math.max(...data)).toBeLessThan(1e-9);
    }));

  test("in probability space, the cut anchor has the weight α·s(S) / ((1−α)·p(S) + α·s(S))", () =>
    always(async (choice) => {
      const { alpha } = choice;
      const size = sizeIn(choice);
      const { snapshot, reference } = pairs(choice);
      const mass = (logits: Tensor): Tensor =>
        sum(exp(head(logSoftmax(logits), size)), { axis: 1 });
      const [cut, p, s, pMass, sMass] = await engine.run(() => [
        logSoftmax(head(interpolate("probability", alpha)(snapshot, reference), size)),
        logSoftmax(head(snapshot, size)),
        logSoftmax(head(reference, size)),
        mass(snapshot),
        mass(reference),
      ]);
      for (let row = 0; row < (pMass?.data.length ?? 0); row++) {
        const [mine, theirs] = [
          (1 - alpha) * (pMass?.data[row] as number),
          alpha * (sMass?.data[row] as number),
        ];
        // Masses so small have lost their digits.
        if (mine + theirs < 1e-200) continue;
        const weight = theirs / (mine + theirs);
        for (let i = row * size; i < (row + 1) * size; i++) {
          const mixed =
            (1 - weight) * Math.exp(p?.data[i] as number) + weight * Math.exp(s?.data[i] as number);
          const x = Math.exp(cut?.data[i] ?? Number.NaN);
          if (!(Math.abs(x - mixed) < 1e-9)) expect.fail(`element ${i}: ${x}, expected ${mixed}`);
        }
      }
    }));

  test("not KL(p_S‖q_S) ≤ α·KL(p_S‖s_S) for the cut anchor in probability space", async () => {
    // p uniform over 1000 tokens, s all but surely in S, the first ten, and there mostly the first.
    const inside = [0.9, ...Array<number>(9).fill(0.1 / 9)];
    const p = tensor([Array<number>(1000).fill(0)]);
    const s = tensor([
      [...inside.map((x) => Math.log(0.999 * x)), ...Array<number>(990).fill(Math.log(1e-3 / 990))],
    ]);
    const sides = await engine.run(() => {
      const [pS, sS] = [logSoftmax(head(p, 10)), logSoftmax(head(s, 10))];
      const cut = logSoftmax(head(interpolate("probability", 0.5)(p, s), 10));
      return [kl(pS, cut), mul(kl(pS, sS), 0.5), kl(pS, interpolate("probability", 0.5)(pS, sS))];
    });
    const [cut, bound, anchoredInS] = sides.map(({ data }) => data[0] as number);
    expectDigits(cut as number, 1.69);
    expectDigits(bound as number, 0.879);
    expect(anchoredInS).toBeLessThan(bound as number);
  });

  test.each(["logit", "probability"] as const)(
    "token by token p·log(p/q) ≤ α·p·log(p/s), so for the sums over any part: no divergences (%s)",
    (space) =>
      always(async (choice) => {
        const { snapshot, reference } = pairs(choice);
        const [p, s] = [logSoftmax(snapshot), logSoftmax(reference)];
        const [left, right] = await engine.run(() => {
          const q = interpolate(space, choice.alpha)(p, s);
          return [mul(exp(p), sub(p, q)), mul(mul(exp(p), sub(p, s)), choice.alpha)];
        });
        left?.data.forEach((x, i) => {
          const most = right?.data[i] as number;
          if (!(x <= most + 1e-9 * (1 + Math.abs(most)))) expect.fail(`${x} above ${most}`);
        });
      }),
  );
});

describe("masks", () => {
  test.each(["logit", "probability"] as const)(
    "one mask on both, large and finite, is the slice it leaves (%s)",
    (space) =>
      always(async (choice) => {
        const { snapshot, reference } = pairs(choice);
        const size = sizeIn(choice);
        const mask = tensor([
          Array.from({ length: choice.vocabulary }, (_, i) => (i < size ? 0 : -1e9)),
        ]);
        const anchor = interpolate(space, choice.alpha);
        const { data } = await engine.run(() =>
          totalVariation(
            head(anchor(add(snapshot, mask), add(reference, mask)), size),
            anchor(head(snapshot, size), head(reference, size)),
          ),
        );
        expect(Math.max(...data)).toBeLessThan(1e-9);
      }),
  );

  test("where the reference excludes a token of the snapshot, the logit bound says nothing and the probability bound still −log(1−α)", async () => {
    const [p, s] = [tensor([0, 0]), tensor([0, -1e6])];
    const sides = await engine.run(() => {
      const [from, to] = [logSoftmax(p), logSoftmax(s)];
      return [
        mul(kl(from, to), 0.5),
        kl(from, interpolate("logit", 0.5)(p, s)),
        kl(from, interpolate("probability", 0.5)(p, s)),
      ];
    });
    const [bound, logit, probability] = sides.map(({ data }) => data[0] as number);
    expect(bound).toBeGreaterThan(1e5);
    expect(logit).toBeGreaterThan(1e5);
    expect(probability).toBeLessThanOrEqual(Math.LN2);
  });
});

test("constant shifts of a model's logits change no anchor", () =>
  always(async (choice) => {
    const { snapshot, reference } = pairs(choice);
    for (const space of ["logit", "probability"] as const) {
      const anchor = interpolate(space, choice.alpha);
      const { data } = await engine.run(() =>
        totalVariation(
          anchor(snapshot, reference),
          anchor(sub(snapshot, 30 * choice.beta), sub(reference, -70)),
        ),
      );
      expect(Math.max(...data)).toBeLessThan(1e-9);
    }
  }));
