import { expect, test } from "vitest";
import { frontFamilies, pointsOf } from "../../../src/experiment/summary/front.ts";
import type { RowSummary, Spread } from "../../../src/experiment/summary/summary.ts";

const one = (mean: number): Spread => ({
  ...{ mean, min: mean, max: mean },
  values: new Map([[0, mean]]),
});

const row = (family: string, gain: number | undefined, drop: number): RowSummary => ({
  row: { id: `${family}-${gain}-${drop}`, label: family, family, method: "merge", weight: 0 },
  ...{ seeds: [0], target: one(0), gain: gain === undefined ? undefined : one(gain), prior: {} },
  ...{ drop: one(drop), details: {}, signOff: one(0), klFromBase: one(0), klToBase: one(0) },
  ...{ steps: undefined, seconds: undefined },
});

test("frontFamilies leaves out who is dominated, and who only loses nothing", () => {
  const rows = [row("a", 1, 0.1), row("b", 0.9, 0.01), row("b", 0.2, 0.5), row("c", 0.9, 0.05)];
  const nothing = [row("d", 0, 0), row("e", 0, 0), row("f", undefined, 0), row("g", 1.2, 0.9)];
  expect([...frontFamilies([...rows, ...nothing])]).toEqual(["a", "b"]);
  expect(frontFamilies(nothing).size).toBe(0);
  expect(pointsOf([...rows, row("f", undefined, 0)])).toHaveLength(4);
});

test("frontFamilies keeps equals together", () => {
  expect([...frontFamilies([row("a", 1, 0), row("b", 1, 0)])]).toEqual(["a", "b"]);
});
