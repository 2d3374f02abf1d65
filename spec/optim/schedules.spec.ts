import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { type Schedule, schedules } from "../../src/optim/index.ts";
import { tensor } from "../../src/tensor/apply.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ backend: "reference" });
});
afterAll(() => engine.close());

const ratesOf = async (schedule: Schedule, steps: number): Promise<number[]> => {
  const rates = await engine.run(() =>
    Array.from({ length: steps }, (_, step) => schedule(tensor(step))),
  );
  return rates.map(({ data }) => data[0] as number);
};

/** The rule in plain arithmetic: a linear rise over at least one step, then a decay to 0. */
function plain(
  kind: "constant" | "linear" | "cosine" | "stable",
  step: number,
  steps: number,
  warmup: number,
) {
  // A share that is a whole number of steps but for its rounding is that number.
  const rising = Math.max(1, Math.floor(warmup * steps * (1 + 2 ** -51)));
  if (step < rising) return (step + 1) / rising;
  const progress = Math.min(1, (step - rising) / Math.max(1, steps - rising));
  if (kind === "constant") return 1;
  if (kind === "stable") return Math.min(1, (1 - progress) / 0.2);
  return kind === "linear" ? 1 - progress : 0.5 * (1 + Math.cos(Math.PI * progress));
}

const options = fc.record({
  learningRate: fc.float({ min: 0, max: 10, noNaN: true }),
  steps: fc.integer({ min: 1, max: 60 }),
  warmup: fc.double({ min: 0, max: 1, noNaN: true }),
});

describe("schedules", () => {
  test.each([
    ["linear", schedules.warmupLinear],
    ["cosine", schedules.warmupCosine],
    ["constant", schedules.warmupConstant],
    ["stable", schedules.warmupStableDecay],
  ] as const)("a warm-up and then %s are the plain rule at every step", async (kind, make) => {
    await fc.assert(
      fc.asyncProperty(options, async ({ learningRate, steps, warmup }) => {
        const rates = await ratesOf(make({ learningRate, steps, warmup }), steps + 3);
        rates.forEach((rate, step) => {
          const wanted = learningRate * plain(kind, step, steps, warmup);
          expect(Math.abs(rate - wanted)).toBeLessThanOrEqual(1e-14 * Math.max(1, learningRate));
        });
      }),
    );
  });

  test("warmupStableDecay is the same for every length of the run, up to its decay", async () => {
    const rates = (steps: number) => {
      const warmup = 10.5 / steps;
      return ratesOf(
        schedules.warmupStableDecay({ learningRate: 0.3, steps, warmup, decay: 0.5 }),
        55,
      );
    };
    expect(await rates(100)).toEqual(await rates(131));
    const refused = () => schedules.warmupStableDecay({ learningRate: 1, steps: 9, decay: 0 });
    expect(refused).toThrow("schedules: expected 0 < decay ≤ 1, got 0");
  });

  test("constant(rate) never changes", async () => {
    expect(await ratesOf(schedules.constant(0.25), 3)).toEqual([0.25, 0.25, 0.25]);
  });

  test("the warm-up takes 5 % unless told otherwise", async () => {
    const rates = await ratesOf(schedules.warmupLinear({ learningRate: 1, steps: 40 }), 4);
    expect(rates).toEqual([0.5, 1, 1, 1 - 1 / 38]);
  });

  test.each([
    [{ learningRate: -1, steps: 5 }, "schedules: expected learningRate ≥ 0, got -1"],
    [{ learningRate: 1, steps: 0 }, "schedules: expected steps to be a positive integer, got 0"],
    [
      { learningRate: 1, steps: 2.5 },
      "schedules: expected steps to be a positive integer, got 2.5",
    ],
    [{ learningRate: 1, steps: 5, warmup: 2 }, "schedules: expected 0 ≤ warmup ≤ 1, got 2"],
  ])("refuse %o", (bad, message) => {
    expect(() => schedules.warmupCosine(bad)).toThrow(new RangeError(message));
  });
});
