import { afterAll, beforeAll, expect, test } from "vitest";
import { fineTune } from "../../src/anchored/fineTune.ts";
import { fisherDiagonal } from "../../src/anchored/fisher.ts";
import { objectives } from "../../src/anchored/objectives/methods.ts";
import { planFineTune } from "../../src/anchored/plan.ts";
import { sampleResponses } from "../../src/anchored/targets/sampled.ts";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import type { Params } from "../../src/nn/config.ts";
import { lora } from "../../src/nn/lora.ts";
import { tokenCrossEntropy } from "../../src/nn/losses.ts";
import { mapTensors } from "../../src/optim/optimizer.ts";
import { constant, full } from "../../src/tensor/apply.ts";
import { DataError } from "../../src/tensor/errors.ts";
import { mul, sum } from "../../src/tensor/ops.ts";
import { key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { collate } from "../../src/train/batches.ts";
import { endOf, expectClose, numbersOf, reversals, tinyModel, tinyStudy } from "./tiny.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ backend: "reference" });
});
afterAll(() => engine.close());

const { base: params } = tinyStudy;
const asked = { model: tinyModel, params, data: reversals(5, key(8)), stopToken: 2, key: key(4) };

test("is the mean of squared slopes of the base's own answers, scaled to 1", async () => {
  const fisher = await fisherDiagonal(engine, asked);
  const all = await numbersOf(engine, fisher);
  expect(all.every((x) => x >= 0)).toBe(true);
  expect(all.reduce((a, b) => a + b, 0) / all.length).toBeCloseTo(1, 10);

  // Two entries of the head, by central differences of each answer's log-likelihood.
  const answers = await sampleResponses(engine, { ...asked, maxNewTokens: 3, temperature: 1 });
  const head = params["lm_head.weight"] as Tensor<"constant">;
  const likelihood = async (i: number, by: number, answer: (typeof answers)[number]) => {
    const data = Float64Array.from(head.data);
    data[i] = (data[i] ?? NaN) + by;
    const moved: Params = { ...params, "lm_head.weight": constant(data, head.shape) };
    const { tokens, labels, mask } = collate([answer]);
    const { data: value } = await engine.run(() =>
      sum(mul(tokenCrossEntropy(tinyModel.apply(moved, tokens), labels), mask)),
    );
    return value[0] as number;
  };
  const square = async (i: number) => {
    let total = 0;
    for (const answer of answers) {
      const slope =
        ((await likelihood(i, 1e-5, answer)) - (await likelihood(i, -1e-5, answer))) / 2e-5;
      total += slope ** 2;
    }
    return total;
  };
  const [a, b] = [await square(3), await square(17)];
  const found = (await engine.read(fisher["lm_head.weight"] as Tensor)) as Float64Array;
  expect((found[3] as number) / (found[17] as number)).toBeCloseTo(a / b, 5);
  engine.release(fisher);
});

test("with F = 1 the penalty is L2-SP's, and with its own another", async () => {
  const ones = mapTensors(({ shape }) => full(shape, 1), params);
  const moved = mapTensors((x) => mul(x, 1.5), params);
  const settings = { beta: 0.3 } as never;
  const [ewc, l2sp] = await engine.run(
    () =>
      [
        objectives.ewc.penalty?.(moved, params, settings, { fisher: ones }),
        objectives.l2sp.penalty?.(moved, params, settings),
      ] as Tensor[],
  );
  expect(ewc?.data[0]).toBe(l2sp?.data[0]);

  const run = { ...tinyStudy, method: "ewc", epochs: 1, beta: 0.5, stopToken: 2 } as const;
  const replay = reversals(6, key(7));
  const ended = async (options: object) =>
    numbersOf(engine, (await endOf(fineTune(engine, { ...run, replay, ...options }))).params);
  const whole = await ended({});
  expectClose(await ended({ microBatchSize: 2 }), whole, 1e-9);
  expect(whole).not.toEqual(await ended({ method: "l2sp" }));
});

test("is refused without prompts", () => {
  expect(() => planFineTune({ ...tinyStudy, method: "ewc", epochs: 1 })).toThrow(DataError);
});

test("of an adapter weighs the weights that it changes", async () => {
  const adapter = lora({ rank: 2, alpha: 3, targets: ["q_proj", "down_proj"] });
  const model = adapter.over(tinyModel, params);
  const start = adapter.init(key(1), tinyModel, params);
  const space = model.weightSpace?.();
  if (!space) throw new Error("expected a space of weights");
  const { whole } = space;
  const weights = await engine.run(() => whole.of(start));
  const fisher = await fisherDiagonal(engine, { ...asked, model: whole.model, params: weights });
  const all = await fisherDiagonal(engine, asked);
  // B = 0: it is the base, and its answers are the base's; only the scale is another.
  const [own, theirs] = await Promise.all(
    [fisher, all].map((of) => numbersOf(engine, pick(of, Object.keys(weights)))),
  );
  const scale = (theirs?.[5] as number) / (own?.[5] as number);
  expectClose(
    (own ?? []).map((x) => x * scale),
    theirs ?? [],
    1e-9,
  );

  const replay = reversals(6, key(7));
  const run = { ...tinyStudy, model, base: start, replay, stopToken: 2, epochs: 8 } as const;
  const strayed = async (options: object): Promise<number> => {
    const { params: end } = await endOf(fineTune(engine, { ...run, ...options } as never));
    const { data } = await engine.run(() => space.squaredDistance(start, end, fisher));
    return data[0] as number;
  };
  const free = await strayed({ method: "sft" });
  const ewc = await strayed({ method: "ewc", beta: 10 });
  expect(ewc).toBeGreaterThan(0);
  expect(ewc).toBeLessThan(free / 4);
  expect(await strayed({ method: "ewc", beta: 10, microBatchSize: 2 })).toBeCloseTo(ewc, 9);
});

const pick = (from: Params, names: readonly string[]): Params =>
  Object.fromEntries(
    names.flatMap((name) => {
      const x = from[name];
      return x ? [[name, x]] : [];
    }),
  );
