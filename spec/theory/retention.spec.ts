/**
 * N7. c_i is the weight up to which the anchor keeps the base's answer to prompt i: choices are an upper
 * envelope of lines, which a line leaves once, so the answer is lost exactly at weights above c_i. With
 * k = max {k: P(Bin(n, ε) ≤ k) ≤ γ} the (k+1)-th smallest c_i, a*, loses more than a share ε with
 * probability γ at most: then a* > a° = inf {a: risk(a) > ε}, so at most k of the c_i are ≤ a°, but their
 * number is Bin(n, ≥ ε).
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  allowedLosses,
  auditSteps,
  certifiedWeight,
  promptsNeeded,
  upperRisk,
} from "../../src/anchored/certificates/retention.ts";
import { flipOf, likeliestOf } from "../../src/anchored/targets/flips.ts";
import { below, gaussian, uniform } from "../../src/arbitraries/families.ts";
import { key, stream } from "../../src/tensor/random.ts";
import { at } from "../../src/tensor/shapes.ts";

/** P(Bin(n, p) ≤ k), term by term in logarithms. */
function binomial(k: number, n: number, p: number): number {
  const logFactorials = [0];
  for (let i = 1; i <= n; i++) logFactorials.push(at(logFactorials, i - 1) + Math.log(i));
  let sum = 0;
  for (let i = 0; i <= k; i++) {
    const choose = at(logFactorials, n) - at(logFactorials, i) - at(logFactorials, n - i);
    sum += Math.exp(choose + i * Math.log(p) + (n - i) * Math.log1p(-p));
  }
  return sum;
}

const counts = fc.integer({ min: 1, max: 400 });
const shares = fc.double({ min: 0.005, max: 0.5, noNaN: true });
const confidences = fc.double({ min: 0.01, max: 0.999, noNaN: true });

describe("how many may be lost", () => {
  test("is the most at which the binomial law still refuses the risk", () => {
    fc.assert(
      fc.property(counts, shares, confidences, (n, risk, confidence) => {
        fc.pre(n >= promptsNeeded({ risk, confidence }));
        const k = allowedLosses(n, { risk, confidence });
        expect(binomial(k, n, risk)).toBeLessThanOrEqual(1 - confidence + 1e-12);
        expect(binomial(k + 1, n, risk)).toBeGreaterThan(1 - confidence - 1e-12);
      }),
      { numRuns: 1000 },
    );
  });

  test("of 896 prompts 33, 10, 3, 0; at least 59, 149, 299, 598 prompts are needed for 5, 2, 1, ½ %", () => {
    const risks = [0.05, 0.02, 0.01, 0.005];
    expect(risks.map((risk) => allowedLosses(896, { risk }))).toEqual([33, 10, 3, 0]);
    expect(risks.map((risk) => promptsNeeded({ risk }))).toEqual([59, 149, 299, 598]);
  });

  test("too few prompts are refused with the number that is needed", () => {
    fc.assert(
      fc.property(shares, confidences, (risk, confidence) => {
        const n = promptsNeeded({ risk, confidence });
        expect(allowedLosses(n, { risk, confidence })).toBeGreaterThanOrEqual(0);
        if (n > 1)
          expect(() => allowedLosses(n - 1, { risk, confidence })).toThrow(`at least ${n} prompts`);
      }),
    );
  });
});

test("the upper bound is Clopper and Pearson's", () => {
  fc.assert(
    fc.property(counts, fc.nat(400), confidences, (n, some, confidence) => {
      const lost = some % (n + 1);
      const upper = upperRisk(lost, n, confidence);
      if (lost === n) expect(upper).toBe(1);
      else expect(Math.abs(binomial(lost, n, upper) - (1 - confidence))).toBeLessThan(1e-9);
    }),
    { numRuns: 1000 },
  );
});

test("an answer is lost exactly at weights above its threshold, in either space", () => {
  fc.assert(
    fc.property(fc.nat(2 ** 31 - 1), fc.double({ min: 0, max: 1, noNaN: true }), (seed, weight) => {
      const draw = stream(key(seed));
      const [p, s] = [gaussian(draw, 5, 2), gaussian(draw, 5, 2)];
      const probabilities = (z: readonly number[]): number[] => z.map((x) => Math.exp(x));
      for (const [a, b] of [
        [p, s],
        [probabilities(p), probabilities(s)],
      ] as const) {
        const { from, leaves } = flipOf(a, b);
        if (Math.abs(weight - leaves) < 1e-9) return;
        const anchor = a.map((x, i) => (1 - weight) * x + weight * at(b, i));
        expect(likeliestOf(anchor) !== from).toBe(weight > leaves);
      }
    }),
    { numRuns: 1000 },
  );
});

/** A law of thresholds: a few atoms, which tie, and a smooth part. */
function lawOf(seed: number) {
  const draw = stream(key(seed));
  const atoms = Array.from({ length: below(draw, 4) }, () => uniform(draw, 0, 1.2));
  const [share, power] = [uniform(draw, 0, 1), uniform(draw, 0.3, 4)];
  const never = uniform(draw, 0, 0.9);
  const sample = (): number => {
    if (draw() < never) return Infinity;
    if (atoms.length > 0 && draw() < share) return at(atoms, below(draw, atoms.length));
    return draw() ** (1 / power);
  };
  /** P(c < a), exactly. */
  const risk = (a: number): number => {
    const smooth = Math.min(1, Math.max(0, a)) ** power;
    const atom = atoms.filter((c) => c < a).length / Math.max(1, atoms.length);
    return (1 - never) * (atoms.length > 0 ? share * atom + (1 - share) * smooth : smooth);
  };
  return { sample, risk };
}

test("of 1,000 simulated studies at most 70 lose more than they certify, at 95 %", () => {
  let [failed, whole] = [0, 0];
  for (let study = 0; study < 1000; study++) {
    const { sample, risk } = lawOf(study);
    const options = { risk: at([0.05, 0.1, 0.2], study % 3) };
    const n = at([60, 150, 400], (study % 7) % 3);
    const weight = certifiedWeight(Array.from({ length: n }, sample), options);
    if (weight === 1) whole++;
    if (risk(weight) > options.risk) failed++;
  }
  expect(failed).toBeLessThanOrEqual(70);
  expect(failed).toBeGreaterThan(0); // the bound is not idle
  expect(whole).toBeLessThan(900); // nor are the studies
});

test("in expectation too: the largest a with (lost + 1)/(n + 1) ≤ ε loses a share ε of new answers at most", () => {
  // Conformal risk control (arXiv 2208.02814): no confidence, and a larger weight for it.
  const excess: number[] = [];
  for (let law = 0; law < 40; law++) {
    const { sample, risk } = lawOf(law);
    let mean = 0;
    const [studies, n, wanted] = [200, 60, at([0.05, 0.1, 0.2], law % 3)];
    for (let study = 0; study < studies; study++) {
      const sorted = Array.from({ length: n }, sample).sort((a, b) => a - b);
      const weight = Math.min(1, at(sorted, Math.floor(wanted * (n + 1)) - 1));
      mean += risk(weight) / studies;
      const certified = certifiedWeight(sorted, { risk: wanted });
      expect(certified).toBeLessThanOrEqual(weight);
    }
    excess.push((mean - wanted) / wanted);
  }
  // Of 200 studies a mean is off by less than that.
  expect(Math.max(...excess)).toBeLessThan(0.1);
  expect(Math.max(...excess)).toBeGreaterThan(-0.25); // nor does it waste them
});

test("of 1,000 simulated audits at most 70 pass a step that loses more than the risk, at 95 %", () => {
  let [failed, passedAll, passedNone] = [0, 0, 0];
  for (let study = 0; study < 1000; study++) {
    const draw = stream(key(study + 5000));
    const wanted = { risk: at([0.05, 0.1, 0.2], study % 3) };
    const n = at([60, 150, 400], (study % 7) % 3);
    // A student that loses more with every step, and now and then less again.
    const shares: number[] = [];
    for (let t = 0; t < 5; t++)
      shares.push(
        Math.min(1, Math.max(0, at([0, ...shares], t) + wanted.risk * uniform(draw, -0.1, 0.6))),
      );
    // The same prompts after every step: those that are easily lost are lost first.
    const prompts = Array.from({ length: n }, draw);
    const counts = shares.map((share) => prompts.filter((ease) => ease < share).length);
    const passed = auditSteps(counts, n, wanted);
    if (shares.slice(0, passed).some((share) => share > wanted.risk)) failed++;
    if (passed === shares.length) passedAll++;
    if (passed === 0) passedNone++;
  }
  expect(failed).toBeLessThanOrEqual(70);
  expect(failed).toBeGreaterThan(0);
  expect(passedAll).toBeGreaterThan(20);
  expect(passedNone).toBeGreaterThan(20);
});

test("an audit passes steps in order up to the first that has lost too many", () => {
  expect(auditSteps([0, 10, 33, 34, 0], 896, { risk: 0.05 })).toBe(3);
  expect(auditSteps([34, 0], 896, { risk: 0.05 })).toBe(0);
  expect(auditSteps([1, 2], 896, { risk: 0.05 })).toBe(2);
  expect(() => auditSteps([0], 58, { risk: 0.05 })).toThrow("at least 59 prompts");
  expect(() => auditSteps([897], 896, { risk: 0.05 })).toThrow("between 0 and 896");
});
