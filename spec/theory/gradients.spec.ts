/**
 * What the loss pulls at. ∇_z KL(q‖softmax z) = softmax(z) − q, so a frozen anchor is reached by
 * any z = log q + const, and at the snapshot itself the pull is p − q.
 *
 * The moving anchor is rebuilt from the student before every step, so its pull is always p − q:
 * - probability space: p − q = α·(p − s) exactly, plain distillation from s with the gradient
 *   scaled by α, which an optimiser like Adam undoes;
 * - logit space: p − q = α·∇_z KL(p_θ‖s) + O(α²), distillation with the reverse divergence.
 * Either vanishes only at s: no a_T < 1 bounds how far it goes.
 */
import { describe, expect, test } from "vitest";
import { kl, totalVariation } from "../../src/anchored/objectives/divergences.ts";
import { type Interpolation, interpolate } from "../../src/anchored/objectives/interpolations.ts";
import { anchoredLoss, frozenAnchorLoss } from "../../src/anchored/objectives/losses.ts";
import { tensor } from "../../src/tensor/apply.ts";
import { grad } from "../../src/tensor/grad.ts";
import {
  exp,
  logSoftmax,
  max,
  maximum,
  mul,
  neg,
  softmax,
  sub,
  sum,
} from "../../src/tensor/ops.ts";
import { at } from "../../src/tensor/shapes.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { testEngine } from "../testEngine.ts";
import { always, pairs } from "./laws/arbitraries.ts";

const engine = await testEngine();

const abs = (x: Tensor): Tensor => maximum(x, neg(x));

/** A mean over rows is taken apart by multiplying with their number. */
const perRow = (gradient: Tensor): Tensor => mul(gradient, gradient.shape[0] as number);

/** The largest difference in any row. */
async function largestDifference(f: () => readonly [Tensor, Tensor]): Promise<number> {
  const { data } = await engine.run(() => {
    const [a, b] = f();
    return max(abs(sub(a, b)));
  });
  return data[0] as number;
}

/** The gradient of the loss with the anchor rebuilt from the student's own logits z. */
const movingPull = (
  z: Tensor,
  referenceLogits: Tensor,
  alpha: number,
  interpolation: Interpolation,
) =>
  perRow(
    grad((logits: Tensor) =>
      anchoredLoss({ logits, snapshotLogits: logits, referenceLogits, alpha, interpolation }),
    )(z),
  );

describe("a frozen anchor", () => {
  test("∇_z KL(q‖softmax z) = softmax(z) − q", () =>
    always(async (choice) => {
      const { snapshot, reference } = pairs(choice);
      const anchorLogProbs = interpolate("logit", choice.alpha)(snapshot, reference);
      const difference = await largestDifference(() => [
        perRow(grad((logits: Tensor) => frozenAnchorLoss({ logits, anchorLogProbs }))(reference)),
        sub(softmax(reference), exp(anchorLogProbs)),
      ]);
      expect(difference).toBeLessThan(1e-12);
    }));

  test("is reached exactly, whatever constant is added to the logits", () =>
    always(async (choice) => {
      const { snapshot, reference } = pairs(choice);
      const anchorLogProbs = interpolate("probability", choice.alpha)(snapshot, reference);
      const logits = sub(anchorLogProbs, 100 * choice.beta);
      const { data } = await engine.run(() => frozenAnchorLoss({ logits, anchorLogProbs }));
      expect(Math.abs(data[0] as number)).toBeLessThan(1e-12);
    }));
});

describe("the moving anchor", () => {
  test("in probability space is distillation scaled by α", () =>
    always(async (choice) => {
      const { snapshot, reference } = pairs(choice);
      const distillation = (logits: Tensor): Tensor =>
        frozenAnchorLoss({ logits, anchorLogProbs: logSoftmax(reference) });
      const difference = await largestDifference(() => [
        movingPull(snapshot, reference, choice.alpha, "probability"),
        mul(perRow(grad(distillation)(snapshot)), choice.alpha),
      ]);
      expect(difference).toBeLessThan(1e-12);
    }));

  test("in logit space is distillation with the reverse divergence, to first order in α", () =>
    always(async (choice) => {
      const { snapshot, reference } = pairs(choice);
      const reverse = (logits: Tensor): Tensor =>
        sum(kl(logSoftmax(logits), logSoftmax(reference)));
      const alpha = choice.alpha * 1e-3;
      const [pull, first, size] = await engine.run(() => [
        movingPull(snapshot, reference, alpha, "logit"),
        mul(grad(reverse)(snapshot), alpha),
        max(abs(sub(logSoftmax(reference), logSoftmax(snapshot)))),
      ]);
      // |d²q/dα²| is at most the square of the range of t = log(s/p), itself at most 2·max |t|.
      const remainder = 2 * (alpha * (size?.data[0] as number)) ** 2 + 1e-13;
      const [own, other] = [pull?.data ?? [], first?.data ?? []];
      expect(own.length).toBe(other.length);
      for (let i = 0; i < own.length; i++)
        if (!(Math.abs(at(own, i) - at(other, i)) < remainder))
          expect.fail(`expected ${at(other, i)} within ${remainder}, got ${at(own, i)}`);
    }));

  test.each(["logit", "probability"] as const)(
    "however small α is, descent ends at the reference, where a frozen anchor holds it back (%s)",
    async (space) => {
      const [p, s] = [tensor([[2, 0, -1]]), tensor([[-1, 0, 2]])];
      const [alpha, rate, steps] = [0.1, 5, 400];
      const descend = engine.compile((z: Tensor, snapshotLogits: Tensor) => {
        const loss = (logits: Tensor): Tensor =>
          anchoredLoss({ logits, snapshotLogits, referenceLogits: s, alpha, interpolation: space });
        return sub(z, mul(grad(loss)(z), rate));
      });
      const distance = async (snapshot: (z: Tensor) => Tensor): Promise<number> => {
        let z: Tensor = p;
        for (let step = 0; step < steps; step++) z = await descend(z, snapshot(z));
        const { data } = await engine.run(() => kl(logSoftmax(p), logSoftmax(z)));
        return data[0] as number;
      };
      const { data } = await engine.run(() => kl(logSoftmax(p), logSoftmax(s)));
      const whole = data[0] as number;
      expect(await distance((z) => z)).toBeCloseTo(whole, 3);
      expect(await distance(() => p)).toBeLessThanOrEqual(alpha * whole + 1e-6);
    },
  );

  test.each(["logit", "probability"] as const)("rests at the reference alone (%s)", (space) =>
    always(async (choice) => {
      const { snapshot, reference } = pairs(choice);
      const alpha = Math.max(choice.alpha, 0.1);
      const [atReference, anchorGap, gap] = await engine.run(() => {
        const [p, s] = [logSoftmax(snapshot), logSoftmax(reference)];
        return [
          max(abs(movingPull(reference, reference, alpha, space))),
          // The pull p − q is zero only where p = q.
          totalVariation(p, interpolate(space, alpha)(p, s)),
          totalVariation(p, s),
        ];
      });
      expect(atReference?.data[0]).toBeLessThan(1e-12);
      gap?.data.forEach((distance, row) => {
        if (distance > 1e-3) expect(anchorGap?.data[row]).toBeGreaterThan(0);
      });
    }),
  );
});
