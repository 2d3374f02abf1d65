import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { logPartition as logPartitionOf } from "../../src/anchored/certificates/certificate.ts";
import * as tensors from "../../src/anchored/objectives/divergences.ts";
import { type Interpolation, interpolate } from "../../src/anchored/objectives/interpolations.ts";
import { claims, judge, landedClaims, type Path } from "../../src/lab/simplex/claims.ts";
import * as plain from "../../src/lab/simplex/distributions.ts";
import { findPreset, presets } from "../../src/lab/simplex/presets.ts";
import { sceneOf } from "../../src/lab/simplex/scene.ts";
import {
  LEAST,
  MOST_STEPS,
  readState,
  rounded,
  type SimplexState,
  stateOf,
  writeState,
} from "../../src/lab/simplex/state.ts";
import { winnersAlong } from "../../src/lab/simplex/winners.ts";
import { constant } from "../../src/tensor/apply.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { testEngine } from "../testEngine.ts";

const engine = await testEngine();

const logits = fc
  .tuple(...Array(3).fill(fc.double({ min: LEAST, max: 0, noNaN: true })))
  .map((z) => rounded(z as number[]));
const weight = fc.double({ min: 0, max: 1, noNaN: true });
const power = fc.double({ min: -2, max: 2, noNaN: true }).filter((r) => Math.abs(r) > 1e-3);
const path: fc.Arbitrary<Interpolation> = fc.oneof(
  fc.constantFrom("logit" as const, "probability" as const),
  power.map((r) => ({ power: r })),
);
const state: fc.Arbitrary<SimplexState> = fc.record({
  preset: fc.constantFrom(...presets.map(({ id }) => id)),
  p: logits,
  s: logits,
  landed: fc.option(logits, { nil: undefined }),
  alpha: weight,
  steps: fc.integer({ min: 1, max: MOST_STEPS }),
  power: fc.option(
    fc.double({ min: -2, max: 2, noNaN: true }).map((r) => r || 0),
    { nil: undefined },
  ),
});

const row = (numbers: readonly number[]): Tensor => constant(Float64Array.from(numbers), [3]);

describe("distributions", () => {
  test("are the engine's, path by path", async () => {
    await fc.assert(
      fc.asyncProperty(path, weight, logits, logits, async (space, w, a, b) => {
        const result = await engine.run(() => interpolate(space, w)(row(a), row(b)));
        const own = plain.pathAt(space, w, plain.logSoftmax(a), plain.logSoftmax(b));
        for (const [i, x] of own.entries())
          expect(Math.abs(x - (result.data[i] as number))).toBeLessThan(1e-9 * (1 + Math.abs(x)));
      }),
    );
  });

  test("and divergences are the engine's", async () => {
    await fc.assert(
      fc.asyncProperty(weight, logits, logits, async (w, a, b) => {
        const [p, q] = [plain.logSoftmax(a), plain.logSoftmax(b)];
        const measures = [
          [tensors.kl, plain.kl],
          [tensors.totalVariation, plain.totalVariation],
          [tensors.jensenShannon, plain.jensenShannon],
          [tensors.squaredHellinger, plain.squaredHellinger],
          [tensors.jeffreys, plain.jeffreys],
        ] as const;
        const results = await engine.run(() => [
          ...measures.map(([measure]) => measure(row(p), row(q))),
          logPartitionOf(row(p), row(q), w),
        ]);
        const own = [...measures.map(([, measure]) => measure(p, q)), plain.logPartition(p, q, w)];
        for (const [i, x] of own.entries())
          expect(Math.abs(x - (results[i]?.data[0] as number))).toBeLessThan(
            1e-9 * (1 + Math.abs(x)),
          );
      }),
    );
  });
});

describe("claims", () => {
  test.each(["logit", "probability"] as const)("no theorem fails on the %s path", (space) => {
    fc.assert(
      fc.property(state, (any) => {
        const scene = sceneOf(any, space);
        for (const claim of [...claims, ...landedClaims])
          expect(judge(claim, scene).verdict, claim.text).not.toBe("broken");
      }),
      { numRuns: 2000 },
    );
  });

  const failing: readonly (readonly [preset: string, path: Path, claim: string])[] = [
    ["reverse", "logit", "2"],
    ["distance", "logit", "5"],
    ["distance", "logit", "6"],
    ["distance", "logit", "7"],
    ["mirror", "logit", "3"],
    ["constant", "logit", "10"],
    ["converse", "probability", "2c"],
    ["steps", "logit", "3"],
    ["sum", "logit", "16"],
    ["sum", "probability", "16"],
    ["loss", "logit", "20c"],
    ["loss", "logit", "20−"],
    ["certificate", "logit", "20−"],
  ];
  test.each(failing)("the preset %s refutes, on the %s path, %s", (id, space, claim) => {
    const preset = findPreset(id);
    if (!preset) throw new Error(id);
    const about = [...claims, ...landedClaims].find((one) => one.id === claim);
    if (!about) throw new Error(claim);
    const { left, right, verdict } = judge(about, sceneOf(stateOf(preset), space));
    expect(verdict).toBe("fails");
    expect(left).toBeGreaterThan(1.01 * right);
  });

  test("presets name claims that there are", () => {
    const known = [...claims, ...landedClaims].map(({ id }) => id);
    for (const preset of presets) expect(known).toEqual(expect.arrayContaining([...preset.claims]));
  });

  test("presets begin where their text says", () => {
    const found = (id: string, claim: string, space: Path) => {
      const about = [...claims, ...landedClaims].find((one) => one.id === claim);
      const preset = findPreset(id);
      if (!about || !preset) throw new Error(`${id} ${claim}`);
      const { left, right } = judge(about, sceneOf(stateOf(preset), space));
      return [left, right].map((x) => Number(x.toPrecision(3)));
    };
    expect(found("reverse", "2", "logit")).toEqual([13.3, 6.91]);
    expect(found("distance", "5", "logit")).toEqual([0.969, 0.5]);
    expect(found("distance", "6", "logit")).toEqual([0.624, 0.347]);
    expect(found("distance", "7", "logit")).toEqual([0.824, 0.499]);
    expect(found("constant", "10", "logit")).toEqual([16.6, 2.3]);
    expect(found("converse", "2c", "probability")).toEqual([3.17, 0.347]);
    expect(found("steps", "3", "logit")).toEqual([5.44, 1.73]);
  });
});

describe("winners along a path", () => {
  const starts = (id: string, space: Path): number[] => {
    const preset = findPreset(id);
    if (!preset) throw new Error(id);
    const { p, s } = sceneOf(stateOf(preset), space);
    return winnersAlong(space, p, s).map(({ from }) => Number(from.toFixed(3)));
  };

  test("turn where THEORY says", () => {
    expect(starts("latent", "logit")).toEqual([0, 0.193]);
    expect(starts("latent", "probability")).toEqual([0, 0.338]);
    expect(starts("alien", "logit")).toEqual([0, 0.667]);
    expect(starts("alien", "probability")).toEqual([0, 0.505]);
    expect(starts("sure", "logit")).toEqual([0, 0.05]);
    expect(starts("sure", "probability")).toEqual([0, 0.333]);
  });

  test("are those that the path itself has", () => {
    fc.assert(
      fc.property(path, logits, logits, weight, (space, a, b, w) => {
        const [p, s] = [plain.logSoftmax(a), plain.logSoftmax(b)];
        const stretches = winnersAlong(space, p, s);
        expect(stretches[0]?.from).toBe(0);
        expect(stretches.at(-1)?.to).toBe(1);
        const here = stretches.find(({ from, to }) => from <= w && w <= to);
        const q = plain.pathAt(space, w, p, s);
        expect(q[here?.token ?? -1]).toBeGreaterThanOrEqual(Math.max(...q) - 1e-6);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("links", () => {
  test("carry a state exactly", () => {
    fc.assert(
      fc.property(state, (any) => {
        const link = new URLSearchParams(writeState(any)).toString();
        const back = readState(new URLSearchParams(link));
        expect({ landed: undefined, power: undefined, ...back }).toEqual(any);
      }),
    );
  });

  test("of a preset are its name", () => {
    for (const preset of presets)
      expect(writeState(stateOf(preset))).toEqual({ "x.preset": preset.id });
  });

  test.each([
    ["x.preset=none", "x.preset, got none"],
    ["x.p=1_2", "three logits from -34.5 to 34.5 for x.p, got 1_2"],
    ["x.p=1_2_x", "got 1_2_x"],
    ["x.p=1__2", "got 1__2"],
    ["x.s=0_0_-1e99", "got 0_0_-1e99"],
    ["x.alpha=1.5", "a number from 0 to 1 for x.alpha, got 1.5"],
    ["x.alpha=", "for x.alpha, got nothing"],
    ["x.alpha=0x1", "for x.alpha, got 0x1"],
    ["x.alpha=1e-400", "for x.alpha, got 1e-400"],
    [`x.T=${"9".repeat(9e4)}`, `for x.T, got ${"9".repeat(40)}…`],
    ["x.T=0", "a number from 1 to 12 for x.T, got 0"],
    ["x.power=9", "a number from -2 to 2 for x.power, got 9"],
  ])("refuse %s", (link, message) => {
    expect(() => readState(new URLSearchParams(link))).toThrow(message);
  });
});
