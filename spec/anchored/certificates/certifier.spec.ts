import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  createCertifier,
  type StepCertificate,
} from "../../../src/anchored/certificates/certifier.ts";
import { first, joined, type Look } from "../../../src/anchored/certificates/look.ts";
import { stepColumns } from "../../../src/anchored/certificates/stepTerms.ts";
import type { Interpolation } from "../../../src/anchored/objectives/interpolations.ts";
import type { ObjectiveSettings } from "../../../src/anchored/objectives/objective.ts";
import { type ResponseRows, rowsBetween } from "../../../src/anchored/targets/responseRows.ts";
import { key, stream } from "../../../src/tensor/random.ts";
import { at } from "../../../src/tensor/shapes.ts";
import { anchorOf, softmax } from "../objectives/formulas.ts";

/** Two examples, of responses of two and three tokens. */
const STARTS = [0, 2, 5];
const TOKENS = 5;

function rowsOf(seed: number, V: number): ResponseRows {
  const next = stream(key(seed));
  const data = Float64Array.from({ length: TOKENS * V }, (_, i) => {
    const scale = [0.1, 1, 5, 20][Math.floor(i / V) % 4] as number;
    return scale * (2 * next() - 1);
  });
  return { vocabSize: V, starts: STARTS, data };
}

/** What stands at each token. */
const labelsOf = (V: number): number[] => Array.from({ length: TOKENS }, (_, i) => (3 * i) % V);

const distribution = ({ data, vocabSize: V }: ResponseRows, token: number): number[] =>
  softmax([...data.slice(token * V, (token + 1) * V)]);
/** E_p[log a − log b]. */
const ratio = (p: readonly number[], a: readonly number[], b: readonly number[]): number =>
  p.reduce((sum, x, v) => sum + x * Math.log((a[v] as number) / (b[v] as number)), 0);
const meanOf = (f: (token: number) => number): number =>
  Array.from({ length: TOKENS }, (_, token) => f(token)).reduce((a, b) => a + b, 0) / TOKENS;

const paths = fc.constantFrom<Interpolation>("logit", "probability", { power: 0.3 });
const runs = fc.record({
  seed: fc.nat(2 ** 31 - 20),
  V: fc.constantFrom(2, 3, 8),
  interpolation: paths,
  alphas: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 4 }),
});

/** Certifies a run whose snapshots are as they may be. */
function certified(
  models: readonly ResponseRows[],
  reference: ResponseRows,
  alphas: readonly number[],
  interpolation: Interpolation,
): StepCertificate[] {
  const { certify } = createCertifier();
  const start = models[0] as ResponseRows;
  const V = start.vocabSize;
  return alphas.map((alpha, outer) => {
    const [snapshot, next] = [models[outer], models[outer + 1]] as [ResponseRows, ResponseRows];
    const setting = { alpha, interpolation, temperature: 1 };
    const columns = stepColumns({ start, snapshot, reference, next, labels: labelsOf(V) }, setting);
    const look = { starts: snapshot.starts, ...columns };
    return certify({ outer, linear: true, ...setting, look, sampled: look });
  });
}

describe("createCertifier", () => {
  test("bounds the way from the start, whatever the optimiser did and however alpha varies", () => {
    fc.assert(
      fc.property(runs, ({ seed, V, interpolation, alphas }) => {
        const reference = rowsOf(seed, V);
        const models = [0, ...alphas].map((_, t) => rowsOf(seed + t + 1, V));
        const all = certified(models, reference, alphas, interpolation);
        const { cumulative } = all.at(-1) as StepCertificate;
        // Unrolled: A·KL(p_0 ‖ s) + Σ_t Π_{u > t} (1 − α_u) · E_{p_0}[log q_t − log p_{t+1}].
        const leftAfter = (t: number) => alphas.slice(t).reduce((left, a) => left * (1 - a), 1);
        const weight = 1 - leftAfter(0);
        const bound = meanOf((token) => {
          const [p0, ...path] = models.map((rows) => distribution(rows, token)) as [
            number[],
            ...number[][],
          ];
          const s = distribution(reference, token);
          const steps = [p0, ...path];
          const errors = alphas.map((alpha, t) => {
            const setting = { alpha, interpolation } as ObjectiveSettings;
            const q = anchorOf(steps[t] as number[], s, setting);
            return leftAfter(t + 1) * ratio(p0, q, steps[t + 1] as number[]);
          });
          return weight * ratio(p0, p0, s) + errors.reduce((a, b) => a + b, 0);
        });
        const [first, last] = [models[0], models.at(-1)] as [ResponseRows, ResponseRows];
        const measured = meanOf((token) => {
          const p0 = distribution(first, token);
          return ratio(p0, p0, distribution(last, token));
        });
        const near = (a: number | undefined, b: number) =>
          expect(Math.abs((a ?? NaN) - b)).toBeLessThan(1e-9 * (1 + Math.abs(b)));
        near(cumulative?.weight, weight);
        near(cumulative?.bound, bound);
        near(cumulative?.measured, measured);
        expect(measured).toBeLessThanOrEqual(bound + 1e-9 * (1 + bound));
      }),
      { numRuns: 1000 },
    );
  });

  test("splits what the labels' log-loss became into the way and the inner loops' errors", () => {
    fc.assert(
      fc.property(runs, ({ seed, V, interpolation, alphas }) => {
        const reference = rowsOf(seed, V);
        const models = [0, ...alphas].map((_, t) => rowsOf(seed + t + 1, V));
        const all = certified(models, reference, alphas, interpolation);
        const loss = (rows: ResponseRows): number =>
          meanOf((token) => -Math.log(distribution(rows, token)[at(labelsOf(V), token)] ?? NaN));
        const [first, last] = [models[0], models.at(-1)] as [ResponseRows, ResponseRows];
        const { ledger } = all.at(-1) as StepCertificate;
        if (!ledger) throw new Error("expected a ledger");
        const [start, whole] = [loss(first), loss(reference)];
        const near = (a: number, b: number) =>
          expect(Math.abs(a - b)).toBeLessThan(1e-9 * (1 + Math.abs(start) + Math.abs(whole)));
        near(ledger.start, start);
        near(ledger.reference, whole);
        near(ledger.measured, loss(last));
        near(ledger.measured, ledger.start + ledger.path + ledger.inexactness);
        // On these paths the exact way is no longer than the bound, whichever sign that has.
        expect(ledger.path).toBeLessThanOrEqual((ledger.bound ?? NaN) + 1e-9 * (1 + start + whole));
        // Unrolled: each error counts as much as is left of it.
        const errors = alphas.map((alpha, t) => {
          const exact = meanOf((token) => {
            const [p, s] = [at(models, t), reference].map((rows) => distribution(rows, token));
            const q = anchorOf(p ?? [], s ?? [], { alpha, interpolation } as ObjectiveSettings);
            return -Math.log(q[at(labelsOf(V), token)] ?? NaN);
          });
          const left = alphas.slice(t + 1).reduce((all, a) => all * (1 - a), 1);
          return left * (loss(at(models, t + 1)) - exact);
        });
        near(
          ledger.inexactness,
          errors.reduce((a, b) => a + b, 0),
        );
      }),
      { numRuns: 1000 },
    );
  });

  test("adds up whole responses", () => {
    fc.assert(
      fc.property(runs, ({ seed, V, interpolation, alphas: [alpha = 0] }) => {
        const models = [rowsOf(seed + 1, V), rowsOf(seed + 2, V)];
        const [step] = certified(models, rowsOf(seed, V), [alpha], interpolation);
        const { mean, sequence } = step as StepCertificate;
        const whole = (x: number): number => (x * TOKENS) / 2;
        expect(sequence?.responses).toBe(2);
        for (const [sum, each] of [
          [sequence?.measured, mean.stepKl],
          [sequence?.bound, mean.bound],
          [sequence?.delta, mean.delta],
        ] as const)
          expect(Math.abs((sum as number) - whole(each))).toBeLessThan(1e-9 * (1 + Math.abs(each)));
      }),
      { numRuns: 1000 },
    );
  });

  test("tells the standard error of responses, which are a sample of all", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 5, noNaN: true }), { minLength: 2 }), (kls) => {
        // Each response is one token, with an exact step on the probability path.
        const zero = new Float64Array(kls.length);
        const stepKl = Float64Array.from(kls);
        const step = { stepKl, anchorKl: stepKl, referenceKl: stepKl, bound: stepKl };
        const starts = [0, ...kls.map((_, i) => i + 1)];
        const look: Look = { starts, step: { ...step, delta: zero, eta: zero }, start: undefined };
        const { sequence } = createCertifier().certify({
          ...{ outer: 0, alpha: 1, linear: true, look, sampled: look },
          ...{ interpolation: "probability", temperature: 1 },
        });
        const n = kls.length;
        const mean = kls.reduce((a, b) => a + b, 0) / n;
        const squares = kls.reduce((sum, x) => sum + (x - mean) ** 2, 0);
        expect(sequence?.standardError).toBeCloseTo(Math.sqrt(squares / (n - 1) / n), 12);
      }),
    );
  });

  test("names the token at fault by its example and position", () => {
    const [p, s, next] = [1, 2, 3].map((seed) => rowsOf(seed, 3)) as [
      ResponseRows,
      ResponseRows,
      ResponseRows,
    ];
    const broken = { ...next, data: next.data.slice() };
    broken.data[3 * 3 + 1] = NaN; // the second token of the second response
    expect(() => certified([p, broken], s, [0.5], "logit")).toThrow(
      /^certificate: expected .* at token 1 of the response of example 1 in outer step 0, got NaN/,
    );
  });

  test("refuses a way that is longer than its bound, at the first token as at the last", () => {
    const zero = new Float64Array(TOKENS);
    const step = { stepKl: zero, anchorKl: zero, referenceKl: zero, bound: zero };
    for (let token = 0; token < TOKENS; token++) {
      const start = { whole: zero, error: zero, travelled: zero.with(token, 0.5) };
      const look: Look = { starts: STARTS, step: { ...step, delta: zero, eta: zero }, start };
      const setting = { alpha: 0.5, interpolation: "probability", temperature: 1 } as const;
      const [example, position] = token < 2 ? [0, token] : [1, token - 2];
      expect(() => createCertifier().certify({ outer: 0, linear: true, ...setting, look })).toThrow(
        `cumulative bound at token ${position} of the response of example ${example} in outer step 0, got 0.5 and 0`,
      );
    }
  });

  test("looks at examples in parts, and at the first ones, as at all of them", () => {
    const [p, s, next] = [1, 2, 3].map((seed) => rowsOf(seed, 3)) as [
      ResponseRows,
      ResponseRows,
      ResponseRows,
    ];
    const setting = { alpha: 0.5, interpolation: "logit", temperature: 1 } as const;
    const lookAt = (from: number, to: number): Look => {
      const [start, reference, after] = [p, s, next].map((rows) => rowsBetween(rows, from, to)) as [
        ResponseRows,
        ResponseRows,
        ResponseRows,
      ];
      const labels = labelsOf(3).slice(at(STARTS, from), at(STARTS, to));
      const rows = { start, snapshot: start, reference, next: after, labels };
      const columns = stepColumns(rows, setting);
      return { starts: start.starts, ...columns };
    };
    const whole = lookAt(0, 2);
    const uncut = { start: p, snapshot: p, reference: s, next, labels: labelsOf(3) };
    expect(whole).toEqual({ starts: STARTS, ...stepColumns(uncut, setting) });
    expect(joined([lookAt(0, 1), lookAt(1, 2)])).toEqual(whole);
    expect(first(whole, 1)).toEqual(lookAt(0, 1));
    expect(first(whole, Infinity)).toEqual(whole);
    const inexact = { ...lookAt(1, 2), tolerance: (token: number) => token + 1 };
    const { tolerance } = joined([lookAt(0, 1), inexact]);
    expect([0, 1, 2, 3, 4].map((token) => tolerance?.(token))).toEqual([1e-9, 1e-9, 1, 2, 3]);
  });
});
