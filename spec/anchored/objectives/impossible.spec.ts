import { describe, expect, test } from "vitest";
import { certificate } from "../../../src/anchored/certificates/certificate.ts";
import { stepColumns } from "../../../src/anchored/certificates/stepTerms.ts";
import * as divergences from "../../../src/anchored/objectives/divergences.ts";
import {
  type Interpolation,
  interpolate,
} from "../../../src/anchored/objectives/interpolations.ts";
import { generalizedJensenShannon } from "../../../src/anchored/objectives/jensenShannon.ts";
import { anchoredLoss } from "../../../src/anchored/objectives/losses.ts";
import { klDivergence } from "../../../src/nn/losses.ts";
import { tensor } from "../../../src/tensor/apply.ts";
import { valueAndGrad } from "../../../src/tensor/grad.ts";
import { exp, logSoftmax, sum } from "../../../src/tensor/ops.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { testEngine } from "../../testEngine.ts";

const engine = await testEngine();

/** One token is impossible: everything is as over the vocabulary without it. */
const whole = (...logits: number[]): Tensor => tensor([logits]);
const masked = (a: number, b: number): Tensor => tensor([[a, -Infinity, b]]);

/** Value, and gradient by all arguments one after the other. */
async function looked(
  f: (...logits: Tensor[]) => Tensor,
  ...args: Tensor[]
): Promise<{ value: number; slope: number[] }> {
  const [value, slope] = await engine.run(() =>
    valueAndGrad((all: readonly Tensor[]) => sum(f(...all)))(args),
  );
  const flat = (slope as readonly { data: ArrayLike<number> }[]).flatMap((x) => [
    ...Array.from(x.data),
  ]);
  return { value: value.data[0] ?? NaN, slope: flat };
}

async function expectAsWithout(f: (...logits: Tensor[]) => Tensor): Promise<void> {
  const [a, b, c] = [
    [0, 1],
    [2, 0.5],
    [-1, 0.3],
  ] as const;
  const less = await looked(f, whole(...a), whole(...b), whole(...c));
  const more = await looked(f, masked(...a), masked(...b), masked(...c));
  expect(Math.abs(more.value - less.value)).toBeLessThan(1e-12);
  const others = more.slope.filter((_, i) => i % 3 !== 1);
  others.forEach((x, i) => {
    expect(Math.abs(x - (less.slope[i] ?? NaN))).toBeLessThan(1e-12);
  });
  for (const x of more.slope.filter((_, i) => i % 3 === 1)) expect(Math.abs(x)).toBe(0);
}

const paths: Interpolation[] = ["logit", "probability", { power: 0.5 }, { power: -2 }];

describe("a token masked by −∞ changes nothing", () => {
  const { kl, jeffreys, jensenShannon, squaredHellinger, totalVariation } = divergences;
  const skewed = [0, 0.3, 1].map((beta) => generalizedJensenShannon(beta));
  test.each([...[kl, jeffreys, jensenShannon, squaredHellinger, totalVariation], ...skewed])(
    "in divergences: %#",
    async (divergence) => {
      await expectAsWithout((a = whole(), b = whole()) => divergence(logSoftmax(a), logSoftmax(b)));
    },
  );

  test.each(paths)("in anchors and losses: %j", async (interpolation) => {
    for (const alpha of [0, 0.25, 1]) {
      await expectAsWithout((a = whole(), b = whole()) =>
        exp(interpolate(interpolation, alpha)(a, b)),
      );
      await expectAsWithout(
        (snapshotLogits = whole(), referenceLogits = whole(), logits = whole()) =>
          anchoredLoss({ snapshotLogits, referenceLogits, logits, alpha, interpolation }),
      );
    }
    await expectAsWithout((a = whole(), b = whole()) => klDivergence(a, b));
  });

  test.each(paths)("in certificates, as tensors and on the host: %j", async (interpolation) => {
    for (const alpha of [0, 0.25, 1]) {
      const setting = { alpha, interpolation, temperature: 1 };
      const terms = async (p: Tensor, s: Tensor, next: Tensor) => {
        const logits = { snapshotLogits: p, referenceLogits: s, nextLogits: next };
        const { tokens } = await engine.run(() => certificate({ ...logits, ...setting }));
        const rows = ({ data }: Tensor) => ({ vocabSize: data.length, starts: [0, 1], data });
        const own = { snapshot: rows(p), reference: rows(s), next: rows(next) };
        const { step } = stepColumns(own, setting);
        return Object.entries(tokens).map(([name, x]) => [
          name,
          [(x as Tensor).data[0] ?? NaN, step[name as keyof typeof step]?.[0] ?? NaN],
        ]);
      };
      const less = await terms(whole(1, 0), whole(0, 1), whole(0.3, 0.2));
      const more = await terms(masked(1, 0), masked(0, 1), masked(0.3, 0.2));
      for (const [i, [name, numbers]] of more.entries())
        (numbers as number[]).forEach((x) => {
          const [expected = NaN] = (less[i]?.[1] ?? []) as number[];
          expect(Math.abs(x - expected), `${name} at ${alpha}`).toBeLessThan(1e-12);
        });
    }
  });

  test("and a divergence from what is impossible is infinite", async () => {
    const uniform = tensor([[0, 0, 0]]);
    expect(
      (await looked((a = uniform, b = uniform) => klDivergence(a, b), uniform, masked(0, 1))).value,
    ).toBe(Infinity);
    const known = await looked(
      (a = uniform, b = uniform) => klDivergence(a, b),
      masked(0, 1),
      uniform,
    );
    expect(known.value).toBeCloseTo(0.516409, 6);
  });
});
