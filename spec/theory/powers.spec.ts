/**
 * Power means, q ∝ ((1−α)·pʳ + α·sʳ)^(1/r), of which r → 0 is the geometric and r = 1 the arithmetic
 * mean. With t = log(s/p), log(q/p) = u(t) − log Z with u(t) = log(1 − α + α·e^{rt}) / r.
 * - d/dα log q = h − E_q h with h(t) = (e^{rt} − 1) / (r·(1 − α + α·e^{rt})). Both h and q/p grow
 *   with t, so E_q h ≥ E_p h: KL(p‖q) grows with α on every path.
 * - For 0 < r ≤ 1: log is concave, so u(t) ≥ α·t, and a power mean of power ≤ 1 is at most the
 *   arithmetic one, so Z ≤ 1. Then KL(p‖q) = −E_p u + log Z ≤ −α·E_p t = α·KL(p‖s).
 * - r·u is the cumulant generating function of a variable that is r·t with probability α and 0
 *   otherwise; Hoeffding: α·r·t ≤ r·u ≤ α·r·t + (r·t)²/8. So log q is within |r|·max t²/4 of the
 *   geometric mean's: half of it before and half of it in Z.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { kl } from "../../src/anchored/objectives/divergences.ts";
import { interpolate } from "../../src/anchored/objectives/interpolations.ts";
import { tensor } from "../../src/tensor/apply.ts";
import { logSoftmax, max, mul, square, sub } from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { testEngine } from "../testEngine.ts";
import { choices, pairs } from "./laws/arbitraries.ts";
import { expectDigits, sureOfFirst } from "./laws/counterexamples.ts";
import { FLOAT64, testLaws } from "./laws/laws.ts";
import { powerLaws } from "./laws/powers.ts";

const engine = await testEngine();

const expectAtMost = (left: Tensor, right: Tensor): void =>
  left.data.forEach((x, row) => {
    const most = right.data[row] as number;
    if (!(x <= most + FLOAT64 * (1 + Math.abs(most))))
      expect.fail(`row ${row}: ${x} above ${most}`);
  });

/** Powers nearer to 0 than a hundredth amplify rounding; 0 itself is the geometric mean. */
const powers = (min: number, max: number) =>
  fc.double({ min, max, noNaN: true }).map((power) => (Math.abs(power) < 0.01 ? 0 : power));

describe("power means", () => {
  testLaws(() => engine, powerLaws);

  test("KL(p‖q) grows with α for every power", async () => {
    await fc.assert(
      fc.asyncProperty(choices, powers(-4, 4), async (choice, power) => {
        const { snapshot, reference } = pairs(choice);
        const [early, late] = [choice.alpha, choice.beta].sort((a, b) => a - b) as [number, number];
        const [near, far] = (await engine.run(() =>
          [early, late].map((alpha) =>
            kl(logSoftmax(snapshot), interpolate({ power }, alpha)(snapshot, reference)),
          ),
        )) as [Tensor, Tensor];
        expectAtMost(near, far);
      }),
      { numRuns: 1000 },
    );
  });

  test("KL(p‖q) ≤ α·KL(p‖s) for powers from 0 to 1", async () => {
    await fc.assert(
      fc.asyncProperty(choices, powers(0, 1), async (choice, power) => {
        const { snapshot, reference } = pairs(choice);
        const [step, bound] = (await engine.run(() => {
          const p = logSoftmax(snapshot);
          const q = interpolate({ power }, choice.alpha)(snapshot, reference);
          return [kl(p, q), mul(kl(p, logSoftmax(reference)), choice.alpha)];
        })) as [Tensor, Tensor];
        expectAtMost(step, bound);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("near power 0", () => {
  test("|log q − log q₀| ≤ |power|·max t²/4", async () => {
    const exponents = fc.oneof(
      fc.double({ min: -12, max: -2, noNaN: true }),
      fc.constantFrom(-7, -16, -320),
    );
    await fc.assert(
      fc.asyncProperty(choices, exponents, fc.boolean(), async (choice, exponent, below) => {
        const { snapshot, reference } = pairs(choice);
        const power = (below ? -1 : 1) * 10 ** exponent;
        const [mean, geometric, gap] = (await engine.run(() => {
          const t = sub(logSoftmax(reference), logSoftmax(snapshot));
          return [
            interpolate({ power }, choice.alpha)(snapshot, reference),
            interpolate("logit", choice.alpha)(snapshot, reference),
            max(square(t), { axis: -1 }),
          ];
        })) as [Tensor, Tensor, Tensor];
        const V = mean.shape[1] as number;
        // What rounding of numbers near 1 becomes when it is divided by the power.
        const rounding = 1e-13 + (Math.abs(power) < 1e-7 ? 0 : 4e-15 / Math.abs(power));
        mean.data.forEach((x, i) => {
          const most = (Math.abs(power) * (gap.data[Math.floor(i / V)] as number)) / 4;
          const other = geometric.data[i] as number;
          if (!(Math.abs(x - other) <= most + rounding)) expect.fail(`${x} and ${other} at ${i}`);
        });
      }),
      { numRuns: 1000 },
    );
  });
});

describe("what does not hold", () => {
  test.each([
    {
      power: -1,
      alpha: 0.5,
      p: [0.5, 0.5].map(Math.log),
      s: sureOfFirst(1e-9),
      found: [9.12, 4.84],
    },
    {
      ...{ power: 4, alpha: 0.1, p: [0.9, 0.1].map(Math.log) },
      ...{ s: tensor([0.1, 0.9].map(Math.log)), found: [0.1857, 0.1758] },
    },
  ])("not KL(p‖q) ≤ α·KL(p‖s) for power $power", async ({ power, alpha, p: logits, s, found }) => {
    const p = tensor(logits);
    const sides = await engine.run(() => [
      kl(p, interpolate({ power }, alpha)(p, s)),
      mul(kl(p, s), alpha),
      kl(p, s),
    ]);
    const [step, bound, whole] = sides.map(({ data }) => data[0] as number);
    expectDigits(step as number, found[0] as number);
    expectDigits(bound as number, found[1] as number);
    expect(step).toBeGreaterThan(bound as number);
    // What is true on every path: it grows up to α = 1.
    expect(step).toBeLessThanOrEqual(whole as number);
  });
});
