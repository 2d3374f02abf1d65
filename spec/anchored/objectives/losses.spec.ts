import { describe, expect, test } from "vitest";
import { kl } from "../../../src/anchored/objectives/divergences.ts";
import { interpolate } from "../../../src/anchored/objectives/interpolations.ts";
import { objectiveLoss } from "../../../src/anchored/objectives/loss.ts";
import { anchoredLoss, frozenAnchorLoss } from "../../../src/anchored/objectives/losses.ts";
import { objectives } from "../../../src/anchored/objectives/methods.ts";
import type { ObjectiveSettings } from "../../../src/anchored/objectives/objective.ts";
import { ids, tensor } from "../../../src/tensor/apply.ts";
import { ShapeError } from "../../../src/tensor/errors.ts";
import { grad } from "../../../src/tensor/grad.ts";
import { logSoftmax, mul } from "../../../src/tensor/ops.ts";
import * as random from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { testEngine } from "../../testEngine.ts";

const engine = await testEngine();

const [z, p, s] = [1, 2, 3].map((seed) => random.normal(random.key(seed), [2, 3, 5])) as [
  Tensor,
  Tensor,
  Tensor,
];
const options = { logits: z, snapshotLogits: p, referenceLogits: s, alpha: 0.3 };
const mask = tensor([
  [1, 0, 1],
  [0, 0, 1],
]);
const scalar = async (f: () => Tensor): Promise<number> => (await engine.run(f)).data[0] as number;

describe("anchoredLoss", () => {
  test("is the mean of KL(q ‖ p_θ) over the masked tokens", async () => {
    const perToken = await engine.run(() => kl(interpolate("logit", 0.3)(p, s), logSoftmax(z)));
    const [a, , b, , , c] = Array.from(perToken.data) as number[];
    const expected = ((a as number) + (b as number) + (c as number)) / 3;
    expect(await scalar(() => anchoredLoss({ ...options, mask }))).toBeCloseTo(expected, 12);
  });

  test("counts every token without a mask", async () => {
    const all = tensor([
      [1, 1, 1],
      [1, 1, 1],
    ]);
    const expected = await scalar(() => anchoredLoss({ ...options, mask: all }));
    expect(await scalar(() => anchoredLoss(options))).toBeCloseTo(expected, 14);
  });

  test("divides all three logits by the temperature and multiplies by nothing", async () => {
    const [a, b, c] = [z, p, s].map((x) => mul(x, 1 / 2.5)) as [Tensor, Tensor, Tensor];
    const cooled = { ...options, logits: a, snapshotLogits: b, referenceLogits: c };
    for (const interpolation of ["logit", "probability"] as const)
      expect(
        await scalar(() => anchoredLoss({ ...options, interpolation, temperature: 2.5 })),
      ).toBeCloseTo(await scalar(() => anchoredLoss({ ...cooled, interpolation })), 12);
  });

  test("lets no derivative through to the anchor", async () => {
    const shared = (logits: Tensor): Tensor =>
      anchoredLoss({ ...options, logits, snapshotLogits: logits });
    const frozen = (logits: Tensor): Tensor =>
      anchoredLoss({ ...options, logits, snapshotLogits: z });
    expect((await engine.run(() => grad(shared)(z))).data).toEqual(
      (await engine.run(() => grad(frozen)(z))).data,
    );
    const ofReference = (referenceLogits: Tensor): Tensor =>
      anchoredLoss({ ...options, referenceLogits });
    const { data } = await engine.run(() => grad(ofReference)(s));
    expect(data.every((x) => x === 0)).toBe(true);
  });

  test("equals the frozen loss of the same anchor", async () => {
    const anchorLogProbs = interpolate("probability", 0.3)(p, s);
    expect(await scalar(() => frozenAnchorLoss({ logits: z, anchorLogProbs, mask }))).toBe(
      await scalar(() => anchoredLoss({ ...options, interpolation: "probability", mask })),
    );
  });

  test("refuses what cannot be", () => {
    expect(() => anchoredLoss({ ...options, alpha: 1.2 })).toThrow(
      new RangeError("anchoredLoss: expected 0 ≤ alpha ≤ 1, got 1.2"),
    );
    expect(() => anchoredLoss({ ...options, temperature: 0 })).toThrow(
      new RangeError("anchoredLoss: expected a positive temperature, got 0"),
    );
    expect(() => anchoredLoss({ ...options, mask: mul(mask, 1) })).not.toThrow();
    const none = tensor([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(() => anchoredLoss({ ...options, mask: none })).toThrow(RangeError);
    expect(() => anchoredLoss({ ...options, mask: tensor([1, 1]) })).toThrow(ShapeError);
    expect(() => anchoredLoss({ ...options, referenceLogits: tensor([[[0, 0]]]) })).toThrow(
      "anchoredLoss: expected logits over one vocabulary, got [2, 3, 5] and [2, 3, 5] and [1, 1, 2]",
    );
  });
});

describe("objectives", () => {
  const labels = ids([
    [0, 1, 2],
    [3, 4, 0],
  ]);
  const settings: ObjectiveSettings = {
    ...{ alpha: 0.3, interpolation: "logit", temperature: 1, beta: 0.5 },
    ...{ direction: "forward", kdRatio: 1 },
  };

  test("dft weighs each token's cross-entropy by its probability, as a constant", async () => {
    const { data } = await engine.run(() => logSoftmax(z));
    const picked = [0, 1, 2, 3, 4, 0].map((label, i) => data[i * 5 + label] as number);
    const kept = [0, 2, 5].map((i) => picked[i] as number);
    const expected = kept.reduce((sum, logP) => sum - Math.exp(logP) * logP, 0) / 3;
    const inputs = { logits: z, labels, mask, target: undefined };
    expect(await scalar(() => objectiveLoss(objectives.dft, inputs, settings))).toBeCloseTo(
      expected,
      12,
    );
  });

  test("asft adds beta · KL(base ‖ p_θ)", async () => {
    const inputs = { logits: z, labels, mask, target: p };
    const drift = await engine.run(() => kl(logSoftmax(p), logSoftmax(z)));
    const mean = [0, 2, 5].reduce((sum, i) => sum + (drift.data[i] as number), 0) / 3;
    const both = await scalar(() => objectiveLoss(objectives.asft, inputs, settings));
    const alone = await scalar(() => objectiveLoss(objectives.dft, inputs, settings));
    expect(both - alone).toBeCloseTo(0.5 * mean, 12);
  });

  test("moving takes the student itself as its snapshot", async () => {
    const inputs = { logits: z, labels, mask, target: s };
    const expected = anchoredLoss({ ...options, snapshotLogits: z, mask });
    expect(await scalar(() => objectiveLoss(objectives.moving, inputs, settings))).toBe(
      await scalar(() => expected),
    );
  });

  test("a method that compares refuses batches without a target", () => {
    const inputs = { logits: z, labels, mask, target: undefined };
    expect(() => objectiveLoss(objectives.anchored, inputs, settings)).toThrow(TypeError);
  });
});
