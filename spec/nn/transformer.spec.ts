import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkGradient } from "../../src/engines/checkGradient.ts";
import type { Params } from "../../src/nn/config.ts";
import { crossEntropy } from "../../src/nn/losses.ts";
import { transformer } from "../../src/nn/transformer.ts";
import { constant, full, ids } from "../../src/tensor/apply.ts";
import { ShapeError } from "../../src/tensor/errors.ts";
import { key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { map } from "../../src/tensor/tree.ts";
import { testEngine } from "../testEngine.ts";
import { build, cases, recipes } from "./arbitraries.ts";
import { oracleLogits } from "./oracle.ts";

const engine = await testEngine();

/** Logits [B, T, V] as nested arrays. */
async function logitsOf(apply: () => Tensor): Promise<number[][][]> {
  const { data, shape } = await engine.run(apply);
  const [B, T, V] = shape as [number, number, number];
  return Array.from({ length: B }, (_, b) =>
    Array.from({ length: T }, (_, t) => [...data.slice((b * T + t) * V, (b * T + t + 1) * V)]),
  );
}

function expectClose(got: readonly number[], wanted: readonly number[], bound: number): void {
  expect(got.length).toBe(wanted.length);
  const off = got.map((x, i) => Math.abs(x - (wanted[i] as number)));
  expect(Math.max(...off)).toBeLessThanOrEqual(bound);
}

/** Parameters a few roundings away: 32 of the last place, up and down in turn. */
const nudged = (params: Params): Params =>
  Object.fromEntries(
    Object.entries(params).map(([name, { data, shape }]) => [
      name,
      constant(
        Float64Array.from(data, (x, i) => x * (1 + (i % 2 === 0 ? 1 : -1) * 2 ** -48)),
        shape,
      ),
    ]),
  );

const tiny = { vocabSize: 5, contextLength: 4, layers: 1, heads: 2, width: 4 };

describe("transformer(config).apply(params, tokens)", () => {
  test("equals plain loops in float64, whatever the options", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ tokens, ...recipe }) => {
        const { model, params } = build(recipe);
        const got = await logitsOf(() => model.apply(params, ids(tokens)));
        const oracle = (p: Params) => tokens.flatMap((row) => oracleLogits(model.config, p, row));
        const wanted = oracle(params).flat();
        const size = Math.max(1, ...wanted.map(Math.abs));
        // Norms of numbers far below √epsilon blow rounding up, by 1/√epsilon each.
        const nearby = oracle(nudged(params)).flat();
        const swing = Math.max(...nearby.map((x, i) => Math.abs(x - (wanted[i] as number))));
        expectClose(got.flat(2), wanted, Math.max(1e-12 * size, swing));
      }),
      { numRuns: 200 },
    );
  });

  test("lets no later token change an earlier logit", async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.nat(5), fc.nat(8), async (recipe, position, id) => {
        const { model, params } = build(recipe);
        const from = position % (recipe.tokens[0]?.length as number);
        const token = id % model.config.vocabSize;
        const changed = recipe.tokens.map((row) => row.map((old, t) => (t < from ? old : token)));
        const before = await logitsOf(() => model.apply(params, ids(recipe.tokens)));
        const after = await logitsOf(() => model.apply(params, ids(changed)));
        const prefix = (logits: number[][][]) => logits.map((rows) => rows.slice(0, from));
        expect(prefix(after)).toEqual(prefix(before));
      }),
      { numRuns: 100 },
    );
  });

  test("has the gradient that central differences find", async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.nat(), async ({ tokens, config, seed }, other) => {
        // A large epsilon keeps the norms away from 0/0, where no difference quotient is accurate.
        const { model, params } = build({ seed, config: { ...config, epsilon: 0.5 } });
        const inputs = ids(tokens);
        const loss = (p: Params) => crossEntropy(model.apply(p, inputs), inputs);
        const options = { directions: 1, coordinates: 3, seed: other };
        expect(await checkGradient(loss, [params], options)).toMatchObject({ wrong: 0 });
      }),
      { numRuns: 60 },
    );
  });

  test("refuses tokens that it cannot read", () => {
    const model = transformer(tiny);
    const params = model.init(key(0));
    expect(() => model.apply(params, ids([[0, 1, 2, 3, 4]]))).toThrow(
      new ShapeError("transformer", "tokens [B, T] with 1 ≤ T ≤ 4", [[1, 5]]),
    );
    expect(() => model.apply(params, ids([0, 1]))).toThrow(ShapeError);
    expect(() => model.apply(params, ids([[5]]))).toThrow(
      "transformer: expected token ids 0 … 4, got 5",
    );
    expect(() => model.apply(params, ids([[-1]]))).toThrow(RangeError);
    expect(() => model.apply(params, full([1, 2], 1))).toThrow(TypeError);
  });

  test("names a missing, misshaped or unknown parameter", () => {
    const model = transformer(tiny);
    const { "model.norm.weight": _, ...rest } = model.init(key(0));
    const tokens = ids([[0]]);
    expect(() => model.apply(rest, tokens)).toThrow(
      "transformer: expected parameter model.norm.weight [4], got none",
    );
    expect(() => model.apply({ ...rest, "model.norm.weight": full([3], 1) }, tokens)).toThrow(
      "transformer: expected parameter model.norm.weight [4], got [3]",
    );
    const bias = { "model.layers.0.self_attn.q_proj.bias": full([4], 0) };
    expect(() => model.apply({ ...model.init(key(0)), ...bias }, tokens)).toThrow(
      "expected no parameter model.layers.0.self_attn.q_proj.bias",
    );
  });
});

describe("transformer(config).init(key)", () => {
  test("makes exactly the parameters that apply wants", () => {
    fc.assert(
      fc.property(recipes, ({ config, seed }) => {
        const model = transformer(config);
        const params = model.init(key(seed));
        expect(map((p: Tensor) => p.shape, params)).toEqual(model.shapes);
        expect(() => model.apply(params, ids([[0]]))).not.toThrow();
      }),
    );
  });

  test("gives the same parameters for the same key alone", () => {
    const model = transformer(tiny);
    const numbers = (seed: number) => map((p: Tensor) => [...p.data], model.init(key(seed)));
    expect(numbers(3)).toEqual(numbers(3));
    expect(numbers(3)).not.toEqual(numbers(4));
  });

  test("draws each kind of parameter at its own scale", () => {
    const config = {
      vocabSize: 300,
      contextLength: 4,
      layers: 2,
      heads: 4,
      width: 64,
      hidden: 128,
    };
    const options = { qkvBias: true, qkNorm: "head" as const, previousTokenEmbedding: true };
    const params = transformer({ ...config, ...options }).init(key(1));
    const scales: [RegExp, number][] = [
      [/embed/, 0.1],
      [/lm_head/, 0.02],
      [/[qkv]_proj.weight|gate|up_proj/, 1 / 8],
      [/o_proj/, 1 / 8 / 2],
      [/down_proj/, 1 / Math.sqrt(128) / 2],
    ];
    for (const [name, { data }] of Object.entries(params)) {
      const scale = scales.find(([pattern]) => pattern.test(name))?.[1];
      const numbers = [...data];
      if (scale === undefined) {
        expect(new Set(numbers)).toEqual(new Set([name.endsWith("bias") ? 0 : 1]));
        continue;
      }
      const std = Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0) / numbers.length);
      // The standard error of this estimate is std / √(2n), below 1.2 % for n ≥ 4096.
      expect(Math.abs(std / scale - 1), name).toBeLessThan(0.05);
    }
  });
});
