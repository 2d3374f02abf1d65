/**
 * Temperature τ divides all logits before they are compared. The laws hold for the tempered
 * distributions, whatever those are. The geometric mean commutes with it: (z_q)/τ is the anchor
 * between z_p/τ and z_s/τ, so an exact tempered step is an exact step, and its bound holds at τ = 1
 * too. The arithmetic mean does not commute.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { kl, totalVariation } from "../../src/anchored/objectives/divergences.ts";
import { interpolate } from "../../src/anchored/objectives/interpolations.ts";
import { tensor } from "../../src/tensor/apply.ts";
import { logSoftmax, mul, sub } from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { testEngine } from "../testEngine.ts";
import { choices, pairs } from "./laws/arbitraries.ts";
import { expectDigits } from "./laws/counterexamples.ts";
import type { Space } from "./laws/laws.ts";

const engine = await testEngine();

const temperatures = fc.double({ min: 0.25, max: 4, noNaN: true });

/** The student at τ = 1 after an exact step at temperature τ: softmax(z/τ) = q. */
function steppedAt(space: Space, alpha: number, tau: number, p: Tensor, s: Tensor): Tensor {
  const anchor = interpolate(space, alpha)(mul(p, 1 / tau), mul(s, 1 / tau));
  return logSoftmax(mul(anchor, tau));
}

describe("logit space", () => {
  test("an exact step at any temperature is the exact step", async () => {
    await fc.assert(
      fc.asyncProperty(choices, temperatures, async (choice, tau) => {
        const { snapshot, reference } = pairs(choice);
        const { data } = await engine.run(() =>
          totalVariation(
            steppedAt("logit", choice.alpha, tau, snapshot, reference),
            interpolate("logit", choice.alpha)(snapshot, reference),
          ),
        );
        expect(Math.max(...data)).toBeLessThan(1e-9);
      }),
      { numRuns: 1000 },
    );
  });

  test("so its bound holds at temperature 1", async () => {
    await fc.assert(
      fc.asyncProperty(choices, temperatures, async (choice, tau) => {
        const { snapshot, reference } = pairs(choice);
        const [p, s] = [logSoftmax(snapshot), logSoftmax(reference)];
        const [stepKl, bound] = await engine.run(() => [
          kl(p, steppedAt("logit", choice.alpha, tau, snapshot, reference)),
          mul(kl(p, s), choice.alpha),
        ]);
        stepKl?.data.forEach((x, row) => {
          const most = bound?.data[row] as number;
          expect(x).toBeLessThanOrEqual(most + 1e-9 * (1 + most));
        });
      }),
      { numRuns: 1000 },
    );
  });
});

describe("probability space", () => {
  test.each([
    {
      tau: 3,
      alpha: 0.25,
      p: Array<number>(64).fill(0),
      s: [15, ...Array<number>(63).fill(0)],
      found: [3.76, 2.65],
    },
    { tau: 0.5, alpha: 0.1, p: [5.7, -5.5, -4.3], s: [-2.8, -3.9, -3.9], found: [0.1753, 0.051] },
  ] as const)("an exact step at temperature $tau may break the bound at 1", async (example) => {
    const { tau, alpha, found } = example;
    const [p, s] = [tensor(example.p), tensor(example.s)];
    const sides = await engine.run(() => {
      const [cool, warm] = [logSoftmax(mul(p, 1 / tau)), logSoftmax(mul(s, 1 / tau))];
      const q = interpolate("probability", alpha)(cool, warm);
      return [
        kl(logSoftmax(p), steppedAt("probability", alpha, tau, p, s)),
        mul(kl(logSoftmax(p), logSoftmax(s)), alpha),
        // What is true: the bound at the temperature of the step.
        sub(mul(kl(cool, warm), alpha), kl(cool, q)),
      ];
    });
    const [stepKl, bound, slack] = sides.map(({ data }) => data[0] as number);
    expectDigits(stepKl as number, found[0]);
    expectDigits(bound as number, found[1]);
    expect(slack).toBeGreaterThanOrEqual(0);
  });
});
