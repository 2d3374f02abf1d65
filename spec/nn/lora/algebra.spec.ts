import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../../src/engines/create.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import type { Params } from "../../../src/nn/config.ts";
import type { LoraOptions } from "../../../src/nn/lora/adapterConfig.ts";
import {
  adapterSquaredDistance,
  type ConfiguredAdapter,
  interpolateAdapters,
  interpolateWithBase,
} from "../../../src/nn/lora/algebra.ts";
import { adapterLayout } from "../../../src/nn/lora/layout.ts";
import { mergeAdapter } from "../../../src/nn/lora/merge.ts";
import { lora } from "../../../src/nn/lora.ts";
import { transformer } from "../../../src/nn/transformer.ts";
import { grad } from "../../../src/tensor/grad.ts";
import { key, normal, split } from "../../../src/tensor/random.ts";
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
      () => interpolateWithBase(model, base, dora, 0.5),
    ])
      expect(method).toThrow("expected adapters without dora, got one with");
    expect(() => interpolateAdapters(model, plain, elsewhere, 0.5)).toThrow("in both adapters");
    expect(() => interpolateAdapters(model, elsewhere, plain, 0.5)).toThrow("in both adapters");
    expect(() => interpolateAdapters(model, plain, plain, NaN)).toThrow(RangeError);
  });
});
