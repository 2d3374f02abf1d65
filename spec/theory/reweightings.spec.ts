import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { interpolate } from "../../src/anchored/objectives/interpolations.ts";
import { objectives } from "../../src/anchored/objectives/methods.ts";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { tokenCrossEntropy } from "../../src/nn/losses.ts";
import { full, ids, tensor } from "../../src/tensor/apply.ts";
import { grad } from "../../src/tensor/grad.ts";
import { exp, max, mul, neg, softmax, sub, sum } from "../../src/tensor/ops.ts";
import { at } from "../../src/tensor/shapes.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { choices } from "./laws/arbitraries.ts";
import { checkLaws, sceneOf, testLaws } from "./laws/laws.ts";
import { everyStepAnchors, flowLaws, reweightingLaws } from "./laws/reweightings.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ backend: "reference" });
});
afterAll(() => engine.close());

describe("token reweightings", () => {
  test("every weight of the table pulls as its every-step anchor does", async () => {
    await fc.assert(
      fc.asyncProperty(choices, (choice) =>
        checkLaws([engine], reweightingLaws, choice, "probability", 1e-12),
      ),
      { numRuns: 120 },
    );
  });

  test("while w + β ≤ 1 the anchor is a distribution", async () => {
    await fc.assert(
      fc.asyncProperty(choices, async (choice) => {
        const made = await engine.run(() =>
          everyStepAnchors(sceneOf(choice, "probability", 1e-12)).map(({ weight, anchor }) => [
            weight,
            neg(max(neg(anchor), { axis: -1 })),
            sum(anchor, { axis: -1 }),
          ]),
        );
        for (const [weight, least, whole] of made)
          weight?.data.forEach((w, row) => {
            expect(Math.abs(at(whole?.data ?? [], row) - 1)).toBeLessThan(1e-12);
            if (w <= 0.9) expect(at(least?.data ?? [], row)).toBeGreaterThan(-1e-15);
          });
      }),
      { numRuns: 120 },
    );
  });

  test("not for w > 1: the anchor of a PSFT token that has become likelier has negative entries", async () => {
    // −r with r = p_θ(y)/p_old(y), p_old(y) = ½: w = r = 1.6.
    const z = tensor([[Math.log(0.8), Math.log(0.15), Math.log(0.05)]]);
    const [gradient, p] = await engine.run(() => [
      grad((logits: Tensor) => sum(mul(exp(neg(tokenCrossEntropy(logits, ids([0])))), -2)))(z),
      softmax(z),
    ]);
    const q = Array.from(at([p], 0)?.data ?? [], (x, v) => x - at(gradient?.data ?? [], v));
    // q = (1 − w)·p + w·δ_y
    const wanted = [-0.6 * 0.8 + 1.6, -0.6 * 0.15, -0.6 * 0.05];
    q.forEach((x, v) => {
      expect(Math.abs(x - at(wanted, v))).toBeLessThan(1e-12);
    });
    expect(Math.min(...q)).toBeLessThan(0);
  });

  test("not a bound of frozen anchors: small steps of DFT, whose weight is .1 at first, go all the way", async () => {
    const start = tensor([[0, Math.log(4.5), Math.log(4.5)]]); // p(y) = .1
    const labels = ids([0]);
    const descend = engine.compile((z: Tensor) => {
      const mask = full([1], 1);
      const settings = { alpha: 0, interpolation: "logit", temperature: 1, beta: 0 } as const;
      const rest = { direction: "forward", kdRatio: 1 } as const;
      const loss = (logits: Tensor): Tensor =>
        sum(objectives.dft.perToken({ logits, labels, mask }, { ...settings, ...rest }));
      return sub(z, mul(grad(loss)(z), 2));
    });
    let z: Tensor = start;
    for (let step = 0; step < 200; step++) z = await descend(z);
    const frozen = await engine.run(() => {
      const label = tensor([[0, -700, -700]]);
      return [softmax(z), exp(interpolate("probability", 0.1)(start, label))];
    });
    const [reached, anchored] = frozen.map(({ data }) => at(data, 0));
    expect(reached).toBeGreaterThan(0.99);
    expect(anchored).toBeCloseTo(0.19, 12);
  });
});

describe("flows and proximal points", () => {
  testLaws(() => engine, flowLaws);
});
