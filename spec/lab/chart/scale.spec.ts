import { describe, expect, test } from "vitest";
import { logarithmic } from "../../../src/lab/chart/scale.ts";
import { certificateText } from "../../../src/lab/model/lessonView.ts";

describe("logarithmic", () => {
  test("names its ticks in letters that fit beside the axis", () => {
    const { ticks, format } = logarithmic([1e-5, 1e4], [200, 0]);
    expect(ticks.map(format)).toEqual("1e-5 1e-4 0.001 0.01 0.1 1 10 100 1k 10k".split(" "));
  });
});

describe("certificateText", () => {
  test("says how far a step could have gone, which is never less than it went", () => {
    const mean = { stepKl: 3.1e-3, bound: 1e-2, delta: 1e-3 };
    expect(certificateText({ outer: 0, mean })).toBe(
      "Step 1 went 0.003 of at most 0.011 nats a token.",
    );
    // The linear bound of a student that hardly moves is smaller than what rounding alone moves.
    expect(certificateText({ outer: 1, mean: { stepKl: 6.5e-8, bound: 1e-8, delta: 6e-8 } })).toBe(
      "Step 2 went 6.5e-8 of at most 7.0e-8 nats a token.",
    );
    expect(certificateText({ outer: 2, mean: { ...mean, bound: 0 } })).toBe(
      "Step 3 went 0.003 nats a token.",
    );
  });
});
