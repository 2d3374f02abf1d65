/**
 * Statements that look as if they should hold, and do not: each with the distributions that refute
 * it, and the nearest statement that is true.
 */
import { expect, test } from "vitest";
import { interpolate } from "../../../src/anchored/objectives/interpolations.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import { tensor } from "../../../src/tensor/apply.ts";
import { reshape } from "../../../src/tensor/ops.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import type { Space } from "./laws.ts";

/** Two tokens: log-probabilities of (1 − rare, rare), exact for tiny `rare`. */
export const sureOfFirst = (rare: number): Tensor => tensor([Math.log1p(-rare), Math.log(rare)]);
/** (rare, 1 − rare). */
export const sureOfSecond = (rare: number): Tensor => tensor([Math.log(rare), Math.log1p(-rare)]);

export interface Distributions {
  readonly p: Tensor;
  readonly s: Tensor;
  readonly q: Tensor;
  readonly alpha: number;
  /** The anchor between any two. */
  anchor(from: Tensor, to: Tensor, weight?: number): Tensor;
}

type Sides = (x: Distributions) => readonly [left: Tensor, right: Tensor];

export interface Counterexample {
  /** What is false. */
  readonly name: string;
  readonly space: Space;
  readonly p: Tensor;
  readonly s: Tensor;
  readonly alpha: number;
  /** left ≤ right is what it claims. */
  readonly claim: Sides;
  /** What the sides really are, to the digits given. */
  readonly found: readonly [left: number, right: number];
  /** left ≤ right is true. */
  readonly instead: Sides;
}

export function refute(engine: () => Engine, counterexamples: readonly Counterexample[]): void {
  for (const { name, space, p, s, alpha, claim, found, instead } of counterexamples)
    test(`not ${name} (${space})`, async () => {
      const anchor = (from: Tensor, to: Tensor, weight = alpha): Tensor =>
        interpolate(space, weight)(from, to);
      const scene = { p, s, alpha, anchor, q: anchor(p, s) };
      const sides = await engine().run(() => [...claim(scene), ...instead(scene)].map(scalar));
      const [left, right, ...nearest] = sides.map(({ data }) => data[0] as number);
      expect(left).toBeGreaterThan((right as number) * 1.01);
      expectDigits(left as number, found[0]);
      expectDigits(right as number, found[1]);
      expect(nearest[0]).toBeLessThanOrEqual((nearest[1] as number) + 1e-9);
    });
}

/** Equal in the three digits that a page shows. */
export function expectDigits(actual: number, shown: number): void {
  expect(Math.abs(actual - shown)).toBeLessThanOrEqual(Math.abs(shown) * 5e-3);
}

const scalar = (x: Tensor): Tensor => reshape(x, []);
