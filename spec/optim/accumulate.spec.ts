import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crossEntropy, type Params, summedCrossEntropy, transformer } from "../../src/nn/index.ts";
import { accumulate, accumulation } from "../../src/optim/index.ts";
import { ids, tensor } from "../../src/tensor/apply.ts";
import { valueAndGrad } from "../../src/tensor/grad.ts";
import { mul, square, sum } from "../../src/tensor/ops.ts";
import { key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { testEngine } from "../testEngine.ts";

const engine = await testEngine();

const model = transformer({ vocabSize: 5, contextLength: 6, layers: 1, heads: 2, width: 4 });

interface Batch {
  readonly tokens: Tensor;
  readonly labels: Tensor;
  readonly mask: Tensor;
}
const lossSum = (params: Params, { tokens, labels, mask }: Batch) =>
  summedCrossEntropy(model.apply(params, tokens), labels, mask);

/** A sequence of six tokens and labels; the first `from` are prompt and do not count. */
const sequences = fc.record({
  tokens: fc.array(fc.nat(4), { minLength: 6, maxLength: 6 }),
  labels: fc.array(fc.nat(4), { minLength: 6, maxLength: 6 }),
  from: fc.nat(5),
});
type Sequence = { tokens: number[]; labels: number[]; from: number };
const batchOf = (rows: readonly Sequence[]): Batch => ({
  tokens: ids(rows.map(({ tokens }) => tokens)),
  labels: ids(rows.map(({ labels }) => labels)),
  mask: tensor(rows.map(({ from }) => [0, 1, 2, 3, 4, 5].map((t) => (t < from ? 0 : 1)))),
});
/** Micro-batches of one to three sequences each. */
const splits = fc.array(fc.array(sequences, { minLength: 1, maxLength: 3 }), {
  minLength: 1,
  maxLength: 4,
});

type Result = { loss: Tensor<"constant">; grads: { [name: string]: Tensor } };
function expectSame(a: Result, b: Result): void {
  expect(Math.abs((a.loss.data[0] as number) - (b.loss.data[0] as number))).toBeLessThan(1e-13);
  for (const [name, grad] of Object.entries(a.grads))
    grad.data.forEach((x, i) => {
      const other = b.grads[name]?.data[i] ?? Number.NaN;
      if (!(Math.abs(x - other) < 1e-12)) expect.fail(`${name}, element ${i}: ${x} and ${other}`);
    });
}

describe("accumulate(lossSum, params, microBatches)", () => {
  test("gives the whole batch's loss and gradient, however it is split", async () => {
    await fc.assert(
      fc.asyncProperty(splits, fc.nat(), async (parts, seed) => {
        const params = model.init(key(seed));
        const whole = batchOf(parts.flat());
        const mean = (p: Params) =>
          crossEntropy(model.apply(p, whole.tokens), whole.labels, whole.mask);
        const [a, b] = await engine.run(() => {
          const [loss, grads] = accumulate(lossSum, params, parts.map(batchOf));
          const [wholeLoss, wholeGrads] = valueAndGrad(mean)(params);
          return [
            { loss, grads },
            { loss: wholeLoss, grads: wholeGrads },
          ] as const;
        });
        expectSame(a as Result, b as Result);
      }),
      { numRuns: 200 },
    );
  });

  test("takes counts as numbers and any tree as parameters", async () => {
    const loss = ([p]: readonly [Tensor], x: number) => ({ sum: sum(mul(square(p), x)), count: 2 });
    const [value, [grad]] = await engine.run(() =>
      accumulate(loss, [tensor([3])] as const, [1, 5]),
    );
    expect([value.data[0], grad.data[0]]).toEqual([(9 + 45) / 4, (6 + 30) / 4]);
  });

  test("refuses an empty list", () => {
    expect(() => accumulate(lossSum, model.init(key(0)), [])).toThrow(
      new RangeError("accumulate: expected at least one micro-batch, got none"),
    );
  });
});

describe("accumulation(lossSum)", () => {
  test("in compiled steps equals accumulate, holding one micro-batch at a time", async () => {
    const params = model.init(key(1));
    const rows = [2, 0, 5]
      .map((from) => ({
        tokens: [from, 1, 2, 3, 4, 0],
        labels: [1, 2, 3, 4, 0, from % 5],
        from,
      }))
      .map((row) => ({ ...row, tokens: row.tokens.map((id) => id % 5) }));
    const parts = rows.map((row) => batchOf([row]));
    const { init, add, mean } = accumulation(lossSum);
    const step = engine.compile(add, { donate: [0] });
    const finish = engine.compile(mean, { donate: [0] });
    let state = init(params);
    for (const part of parts) state = await step(state, params, part);
    const [loss, grads] = await finish(state);
    const [wanted, wantedGrads] = await engine.run(() => accumulate(lossSum, params, parts));
    expect(await engine.read(loss)).toEqual(wanted.data);
    const got = await engine.read(grads);
    for (const [name, { data }] of Object.entries(wantedGrads)) expect(got[name]).toEqual(data);
  });
});
