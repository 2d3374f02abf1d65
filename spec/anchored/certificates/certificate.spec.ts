import { describe, expect, test } from "vitest";
import { certificate } from "../../../src/anchored/certificates/certificate.ts";
import { checkCertificate, verdict } from "../../../src/anchored/certificates/verdict.ts";
import { tensor } from "../../../src/tensor/apply.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { testEngine } from "../../testEngine.ts";

const engine = await testEngine();

const logs = (...rows: number[][]): Tensor => tensor(rows.map((row) => row.map(Math.log)));
const options = {
  snapshotLogits: logs([0.5, 0.3, 0.2], [0.9, 0.05, 0.05]),
  referenceLogits: logs([0.1, 0.1, 0.8], [0.05, 0.9, 0.05]),
  nextLogits: logs([0.4, 0.3, 0.3], [0.6, 0.35, 0.05]),
  alpha: 0.5,
};
const klOf = (p: readonly number[], q: readonly number[]): number =>
  p.reduce((sum, x, i) => sum + x * Math.log(x / (q[i] as number)), 0);

describe("certificate", () => {
  test("computes each term by hand", async () => {
    const { tokens, mean } = await engine.run(() => certificate(options));
    const [p, s, next] = [
      [0.5, 0.3, 0.2],
      [0.1, 0.1, 0.8],
      [0.4, 0.3, 0.3],
    ] as [number[], number[], number[]];
    const raw = p.map((x, i) => Math.sqrt(x * (s[i] as number)));
    const Z = raw.reduce((a, b) => a + b, 0);
    const q = raw.map((x) => x / Z);
    expect(tokens.stepKl.data[0]).toBeCloseTo(klOf(p, next), 12);
    expect(tokens.referenceKl.data[0]).toBeCloseTo(klOf(p, s), 12);
    expect(tokens.bound.data[0]).toBeCloseTo(klOf(p, s) / 2, 12);
    expect(tokens.anchorKl.data[0]).toBeCloseTo(klOf(p, q), 12);
    expect(tokens.eta.data[0]).toBeCloseTo(klOf(q, next), 12);
    expect(tokens.psi?.data[0]).toBeCloseTo(Math.log(Z), 12);
    const delta = p.reduce(
      (sum, x, i) => sum + x * Math.log((q[i] as number) / (next[i] as number)),
      0,
    );
    expect(tokens.delta.data[0]).toBeCloseTo(delta, 12);
    const [a, b] = Array.from(tokens.stepKl.data) as [number, number];
    expect(mean.stepKl.data[0]).toBeCloseTo((a + b) / 2, 12);
  });

  test("means follow the mask", async () => {
    const { tokens, mean } = await engine.run(() =>
      certificate({ ...options, mask: tensor([0, 1]) }),
    );
    for (const [name, x] of Object.entries(mean))
      expect((x as Tensor).data[0]).toBeCloseTo(
        (tokens[name as keyof typeof tokens] as Tensor).data[1] as number,
        14,
      );
  });

  test("has no psi outside logit space", async () => {
    const { tokens } = await engine.run(() =>
      certificate({ ...options, interpolation: "probability" }),
    );
    expect(tokens.psi).toBeUndefined();
  });

  test("refuses what cannot be", () => {
    expect(() => certificate({ ...options, alpha: -1 })).toThrow(
      new RangeError("certificate: expected 0 ≤ alpha ≤ 1, got -1"),
    );
    expect(() => certificate({ ...options, mask: tensor([0, 0]) })).toThrow(RangeError);
    expect(() => certificate({ ...options, nextLogits: tensor([[0, 0]]) })).toThrow(
      "certificate: expected logits over one vocabulary",
    );
  });
});

describe("verdict", () => {
  test("counts tokens, also those that need delta", async () => {
    const values = await engine.run(() => certificate(options));
    const result = verdict(values);
    expect(result.tokens).toBe(2);
    expect(result.held).toBe(2);
    expect(result.violation).toBeUndefined();
    expect(result.mean.stepKl).toBeCloseTo(values.mean.stepKl.data[0] as number, 14);
  });

  test("a step that overshoots the bound needs delta on that token", async () => {
    const nextLogits = logs([0.4, 0.3, 0.3], [1e-6, 0.5, 0.5]);
    const values = await engine.run(() => certificate({ ...options, nextLogits }));
    const result = checkCertificate(values);
    expect(result.held).toBe(2);
    expect(result.heldWithoutDelta).toBe(1);
  });

  test("looks only where the mask says", async () => {
    const values = await engine.run(() => certificate(options));
    const result = verdict(values, { mask: [0, 1] });
    expect(result.tokens).toBe(1);
    expect(result.mean.bound).toBe(values.tokens.bound.data[1]);
  });

  test.each([
    ["delta", "certificate: expected stepKl ≤ bound + delta at token 1"],
    ["bound", "certificate: expected"],
    ["psi", "certificate: expected stepKl = bound + psi + delta at token 1"],
  ] as const)("a wrong %s is an error that names the token", async (name, message) => {
    const values = await engine.run(() => certificate(options));
    const [first, second] = Array.from((values.tokens[name] as Tensor).data) as [number, number];
    const wrong = { ...values, tokens: { ...values.tokens, [name]: tensor([first, second - 1]) } };
    expect(() => checkCertificate(wrong)).toThrow(RangeError);
    expect(() => checkCertificate(wrong)).toThrow(message);
    expect(verdict(wrong).held).toBe(1);
  });

  test("numbers that are not finite hold nothing", async () => {
    const values = await engine.run(() => certificate(options));
    const wrong = { ...values, tokens: { ...values.tokens, stepKl: tensor([NaN, 0]) } };
    expect(() => checkCertificate(wrong)).toThrow("at token 0");
  });
});
