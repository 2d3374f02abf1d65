import { describe, expect, test } from "vitest";
import { certificate } from "../../src/anchored/certificates/certificate.ts";
import { checkCertificate } from "../../src/anchored/certificates/verdict.ts";
import { interpolate } from "../../src/anchored/objectives/interpolations.ts";
import { tensor } from "../../src/tensor/apply.ts";
import { add } from "../../src/tensor/ops.ts";
import { testEngine } from "../testEngine.ts";
import { certificateLaws } from "./laws/certificates.ts";
import { expectDigits, sureOfFirst } from "./laws/counterexamples.ts";
import { testLaws } from "./laws/laws.ts";

const engine = await testEngine();

describe("an inexact step", () => {
  testLaws(() => engine, certificateLaws);
});

describe("what does not hold", () => {
  /** The anchor, but that the optimiser all but lost the second token. */
  const lost = {
    snapshotLogits: tensor([Math.log(0.9), Math.log(0.1)]),
    referenceLogits: sureOfFirst(1e-12),
    alpha: 0.9,
  };
  const nextLogits = add(
    interpolate("logit", lost.alpha)(lost.snapshotLogits, lost.referenceLogits),
    tensor([0, -200]),
  );

  test("not 20c: KL(p‖p′) ≤ α·KL(p‖s) + eta (logit): a small training loss certifies nothing", async () => {
    const values = await engine.run(() => certificate({ ...lost, nextLogits }));
    const { stepKl, bound, eta } = checkCertificate(values).mean;
    expect(eta).toBeLessThan(1e-8);
    expect(stepKl).toBeGreaterThan(10 * (bound + eta));
    expectDigits(bound, 2.19);
  });

  test("not KL(p‖p′) ≤ α·KL(p‖s) on a token without delta, in either space", async () => {
    for (const interpolation of ["logit", "probability"] as const) {
      const values = await engine.run(() => certificate({ ...lost, interpolation, nextLogits }));
      const verdict = checkCertificate(values);
      expect(verdict.held).toBe(1);
      expect(verdict.heldWithoutDelta).toBe(0);
      expect(verdict.mean.delta).toBeGreaterThan(1);
    }
  });
});
