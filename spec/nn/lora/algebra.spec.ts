import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../../src/engines/create.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import type { Params } from "../../../src/nn/config.ts";
import type { LoraOptions } from "../../../src/nn/lora/adapterConfig.ts";
import {
  adapterSquaredDistance,
  adapterWeightedDistance,
  interpolateAdapters,
  interpolateWithBase,
} from "../../../src/nn/lora/algebra.ts";
import type { ConfiguredAdapter } from "../../../src/nn/lora/factors.ts";
import { adapterLayout } from "../../../src/nn/lora/layout.ts";
import { mergeAdapter } from "../../../src/nn/lora/merge.ts";
import { changedNames } from "../../../src/nn/lora/weightSpace.ts";
import { lora } from "../../../src/nn/lora.ts";
import { transformer } from "../../../src/nn/transformer.ts";
import { full } from "../../../src/tensor/apply.ts";
import { grad } from "../../../src/tensor/grad.ts";
import { square } from "../../../src/tensor/ops.ts";
import { integers, key, normal, split } from "../../../src/tensor/random.ts";
import { randomParams } from "../arbitraries.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ backend: "reference" });
});
afterAll(() => engine.close());

const model = transformer({
  ...{ vocabSize: 5, contextLength: 4, layers: 2, heads: 2, width: 8, hidden: 4 },
});
const base = randomParams(model, 1);

/** An adapter whose B is no zero. */
function random(options: LoraOptions, seed: number): ConfiguredAdapter {
  const { config } = lora(options);
  const { shapes } = adapterLayout(config, model);
  const keys = split(key(seed), Object.keys(shapes).length);
  const drawn = Object.entries(shapes).map(([name, shape], i) => [
    name,
    normal(keys[i] as never, shape),
  ]);
  return { config, params: Object.fromEntries(drawn) };
}

const merged = ({ config, params }: ConfiguredAdapter): Params =>
  mergeAdapter(adapterLayout(config, model), base, params);

const options: fc.Arbitrary<LoraOptions> = fc.record({
  rank: fc.integer({ min: 1, max: 3 }),
  alpha: fc.integer({ min: 1, max: 9 }),
  rslora: fc.boolean(),
  targets: fc.constant(["q_proj", "down_proj", "embed_tokens"]),
  rankPattern: fc.constantFrom({}, { "0\\.self_attn\\.q_proj": 2 }),
  modulesToSave: fc.constantFrom(["lm_head"]),
});

const evaluated = async ({ config, params }: ConfiguredAdapter): Promise<ConfiguredAdapter> => ({
  config,
  params: await engine.run(() => params),
});

/** Largest difference of merged weights, which are float32, to f of two numbers. */
function apart(got: Params, one: Params, other: Params, f: (x: number, y: number) => number) {
  return Math.max(
    ...Object.entries(got).flatMap(([name, { data }]) =>
      [...data].map((z, i) =>
        Math.abs(z - f(one[name]?.data[i] as number, other[name]?.data[i] as number)),
      ),
    ),
  );
}

/** Weights that float32 holds: others are refused. */
const weights = (min: number, max: number): fc.Arbitrary<number> =>
  fc.double({ min, max, noNaN: true }).map(Math.fround);

function expectNear(got: ArrayLike<number>, wanted: ArrayLike<number>): void {
  expect(got.length).toBe(wanted.length);
  Array.from(wanted, (x, i) =>
    expect(Math.abs((got[i] as number) - x)).toBeLessThan(1e-9 * (1 + Math.abs(x))),
  );
}

describe("weight-space methods on adapters", () => {
  test("interpolate the weights that adapters make", async () => {
    await fc.assert(
      fc.asyncProperty(options, options, weights(-1, 2), async (p, q, w) => {
        const [one, other] = [random(p, 2), random(q, 3)];
        const between = await evaluated(interpolateAdapters(model, one, other, w));
        const gap = apart(
          merged(between),
          merged(one),
          merged(other),
          (x, y) => (1 - w) * x + w * y,
        );
        expect(gap).toBeLessThan(1e-4);
      }),
      { numRuns: 30 },
    );
  });

  test("keep a shared A and its rank", async () => {
    const one = random({ rank: 2, targets: ["q_proj"] }, 2);
    const b = random({ rank: 2, targets: ["q_proj"] }, 3);
    const shared = Object.fromEntries(
      Object.entries(b.params).map(([name, x]) => [
        name,
        name.includes("lora_A") ? (one.params[name] ?? x) : x,
      ]),
    );
    const other = { config: b.config, params: shared };
    const between = await evaluated(interpolateAdapters(model, one, other, 0.3));
    expect(between.config).toBe(one.config);
    const gap = apart(merged(between), merged(one), merged(other), (x, y) => 0.7 * x + 0.3 * y);
    expect(gap).toBeLessThan(1e-5);
  });

  test("interpolate an adapter with the model under it", async () => {
    await fc.assert(
      fc.asyncProperty(options, weights(0, 1), async (p, w) => {
        const tuned = random(p, 5);
        const between = await evaluated(interpolateWithBase(model, base, tuned, w));
        const gap = apart(merged(between), base, merged(tuned), (x, y) => (1 - w) * x + w * y);
        expect(gap).toBeLessThan(1e-4);
      }),
      { numRuns: 20 },
    );
  });

  test("measure the distance of weights, not of factors", async () => {
    await fc.assert(
      fc.asyncProperty(options, options, async (p, q) => {
        const [one, other] = [random(p, 2), random(q, 3)];
        const { data } = await engine.run(() => adapterSquaredDistance(model, one, other));
        const [x, y] = [merged(one), merged(other)];
        const wanted = Object.entries(x).reduce(
          (total, [name, { data: numbers }]) =>
            total +
            [...numbers].reduce((sum, z, i) => sum + (z - (y[name]?.data[i] as number)) ** 2, 0),
          0,
        );
        expect(Math.abs((data[0] as number) / wanted - 1)).toBeLessThan(1e-5);
        const same = await engine.run(() => adapterSquaredDistance(model, one, one));
        expect(same.data[0]).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  test("weigh each number of the weights that adapters change", async () => {
    await fc.assert(
      fc.asyncProperty(options, options, async (p, q) => {
        const [one, other] = [random(p, 2), random(q, 3)];
        const [x, y] = [merged(one), merged(other)];
        const names = changedNames(adapterLayout(one.config, model));
        const weights = Object.fromEntries(
          names.map((name, i) => [name, square(normal(key(i), x[name]?.shape ?? []))]),
        );
        const [numbers, found, ones] = await engine.run(() => [
          weights,
          adapterWeightedDistance(model, one, other, weights),
          adapterWeightedDistance(
            ...([model, one, other] as const),
            Object.fromEntries(names.map((name) => [name, full(x[name]?.shape ?? [], 1)])),
          ),
        ]);
        const wanted = names.reduce(
          (total, name) =>
            total +
            [...(x[name]?.data ?? [])].reduce(
              (sum, z, i) =>
                sum + (numbers[name]?.data[i] as number) * (z - (y[name]?.data[i] as number)) ** 2,
              0,
            ),
          0,
        );
        expect(Math.abs((found.data[0] as number) / wanted - 1)).toBeLessThan(1e-5);
        const plain = await engine.run(() => adapterSquaredDistance(model, one, other));
        expect((ones.data[0] as number) / (plain.data[0] as number)).toBeCloseTo(1, 9);
      }),
      { numRuns: 20 },
    );
  });

  test.each(["separate", "fused"] as const)(
    "stand for whole weights of a model that reads them, its code %s",
    async (storage) => {
      const config = { ...model.config, kvHeads: 1, storage, tieEmbeddings: true };
      const own = transformer(config);
      const params = randomParams(own, 4);
      const targets =
        storage === "fused" ? ["qkv_proj", "down_proj"] : ["q_proj", "embed_tokens", "lm_head"];
      const adapter = lora({ rank: 2, alpha: 3, targets });
      const over = adapter.over(own, params);
      const factors = randomParams(over, 5);
      const space = over.weightSpace?.();
      const changed = await engine.run(() => space?.whole.of(factors) ?? {});
      const layout = adapterLayout(adapter.config, own);
      expect(Object.keys(changed).toSorted()).toEqual(changedNames(layout).toSorted());
      const wanted = mergeAdapter(layout, params, factors);
      for (const [name, { data }] of Object.entries(changed))
        data.forEach((z, i) => {
          expect(z).toBeCloseTo(wanted[name]?.data[i] as number, 4);
        });
      const tokens = integers(key(3), [2, 4], 0, 5);
      const [got, read] = await engine.run(() => [
        space?.whole.model.apply(changed, tokens),
        over.apply(factors, tokens),
      ]);
      expectNear(got?.data ?? [], read?.data ?? []);
    },
  );

  test("a distance of 0 has no gradient", async () => {
    const one = random({ rank: 2, targets: ["q_proj"] }, 2);
    const slope = grad((params: Params) =>
      adapterSquaredDistance(model, { config: one.config, params }, one),
    );
    for (const { data } of Object.values(await engine.run(() => slope(one.params))))
      expect(data.every((x) => x === 0)).toBe(true);
  });

  test("refuse what has no exact form", () => {
    const [plain, dora] = [random({ rank: 1 }, 1), random({ rank: 1, dora: true }, 1)];
    const elsewhere = random({ rank: 1, targets: ["q_proj"] }, 1);
    for (const method of [
      () => interpolateAdapters(model, plain, dora, 0.5),
      () => adapterSquaredDistance(model, dora, plain),
      () => adapterWeightedDistance(model, dora, plain, {}),
      () => interpolateWithBase(model, base, dora, 0.5),
    ])
      expect(method).toThrow("expected adapters without dora, got one with");
    expect(() => interpolateAdapters(model, plain, elsewhere, 0.5)).toThrow("in both adapters");
    expect(() => interpolateAdapters(model, elsewhere, plain, 0.5)).toThrow("in both adapters");
    expect(() => interpolateAdapters(model, plain, plain, NaN)).toThrow(RangeError);
  });
});
