import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { kl } from "../../../src/anchored/objectives/divergences.ts";
import { createEngine } from "../../../src/engines/create.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import {
  closeness,
  type LogProbRows,
  likeliest,
  logProbRows,
  meanLoss,
  OVERLAPS,
} from "../../../src/experiment/look/closeness.ts";
import { constant } from "../../../src/tensor/apply.ts";
import { exp, logSoftmax, mean, mul, neg, sum } from "../../../src/tensor/ops.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";

const engine: Engine = await createEngine({ backend: "reference" });
afterAll(() => engine.close());

const logit = fc.double({ min: -30, max: 30, noNaN: true });

/** Four models over the same tokens, in two parts. */
const models = fc
  .record({ vocabSize: fc.integer({ min: 2, max: 20 }), first: fc.nat(3), second: fc.nat(3) })
  .filter(({ first, second }) => first + second > 0)
  .chain(({ vocabSize, first, second }) => {
    const rows = (tokens: number): fc.Arbitrary<LogProbRows> =>
      fc
        .array(logit, { minLength: tokens * vocabSize, maxLength: tokens * vocabSize })
        .map((data) =>
          logProbRows({ vocabSize, starts: [0, tokens], data: Float64Array.from(data) }),
        );
    const model = fc.tuple(rows(first), rows(second));
    return fc.tuple(model, model, model, model);
  });

type Model = readonly [LogProbRows, LogProbRows];

/** All tokens of a model, [n, V]. */
const whole = (model: Model): Tensor => {
  const { vocabSize } = model[0];
  const data = Float64Array.from(model.flatMap((rows) => Array.from(rows.data)));
  return constant(data, [data.length / vocabSize, vocabSize]);
};

describe("closeness", () => {
  test("is the divergences of the package, and the entropy, as means over all tokens", async () => {
    await fc.assert(
      fc.asyncProperty(models, async ([student, base, reference, anchor]) => {
        const [p, b, s, q] = [student, base, reference, anchor].map(whole) as [
          Tensor,
          Tensor,
          Tensor,
          Tensor,
        ];
        const wanted = await engine.run(() => ({
          klFromBase: mean(kl(b, p)),
          klToBase: mean(kl(p, b)),
          klToReference: mean(kl(p, s)),
          klFromAnchor: mean(kl(q, p)),
          entropy: neg(mean(sum(mul(exp(p), p), { axis: -1 }))),
        }));
        const found = closeness(student, { base, reference, anchor });
        for (const [name, { data }] of Object.entries(wanted)) {
          const [x, y] = [found[name as keyof typeof wanted] as number, data[0] as number];
          expect(Math.abs(x - y), name).toBeLessThan(1e-9 * (1 + Math.abs(y)));
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("of a model to itself is none, and its likeliest tokens are the same", () => {
    fc.assert(
      fc.property(models, ([student]) => {
        const { klFromBase, klToBase, overlap } = closeness(student, { base: student });
        expect([klFromBase, klToBase]).toEqual([0, 0]);
        expect(overlap).toEqual(Object.fromEntries(OVERLAPS.map((k) => [k, 1])));
      }),
      { numRuns: 1000 },
    );
  });

  test("leaves out what there is not", () => {
    const rows = logProbRows({ vocabSize: 2, starts: [0, 1], data: Float64Array.of(1, 2) });
    expect(Object.keys(closeness([rows], { base: [rows] }))).toEqual([
      ...["klFromBase", "klToBase", "entropy", "overlap"],
    ]);
  });

  test("counts the base's likeliest tokens that are the student's too", () => {
    const rows = (...data: number[]): LogProbRows =>
      logProbRows({ vocabSize: 6, starts: [0, 1], data: Float64Array.from(data) });
    const { overlap } = closeness([rows(6, 5, 4, 3, 2, 1)], { base: [rows(5, 6, 1, 2, 4, 3)] });
    // {1} against {0}; {1, 0, 4, 5} against {0, 1, 2, 3}; all six.
    expect(overlap).toEqual({ "1": 0, "4": 0.5, "16": 1 });
  });
});

test("logProbRows is the package's log softmax, row by row", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(logit, logit, logit), { minLength: 1, maxLength: 4 }),
      async (rows) => {
        const data = Float64Array.from(rows.flat());
        const wanted = await engine.run(() => logSoftmax(constant(data, [rows.length, 3])));
        const found = logProbRows({ vocabSize: 3, starts: [0, rows.length], data });
        found.data.forEach((x, i) => {
          expect(Math.abs(x - (wanted.data[i] as number))).toBeLessThan(1e-12);
        });
      },
    ),
    { numRuns: 1000 },
  );
});

test("likeliest is the head of a stable sort", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 20 }),
      (row, k) => {
        const sorted = row
          .map((_, id) => id)
          .sort((a, b) => (row[b] as number) - (row[a] as number) || a - b);
        expect(likeliest(row, k)).toEqual(sorted.slice(0, k));
      },
    ),
    { numRuns: 1000 },
  );
});

test("meanLoss is the mean of −log p of the labels that count", () => {
  const data = Float64Array.of(Math.log(0.25), Math.log(0.75), Math.log(0.5), Math.log(0.5));
  const rows = logProbRows({ vocabSize: 2, starts: [0, 2], data });
  expect(meanLoss(rows, [0, 1], () => true)).toBeCloseTo((Math.log(4) + Math.log(2)) / 2, 12);
  expect(meanLoss(rows, [0, 1], (token) => token === 0)).toBeCloseTo(Math.log(4), 12);
});
