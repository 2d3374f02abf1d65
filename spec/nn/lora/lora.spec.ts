import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { generate } from "../../../src/nn/generate/generate.ts";
import { adaptedModel, withAdapter } from "../../../src/nn/lora/adapted.ts";
import type { LoraOptions } from "../../../src/nn/lora/adapterConfig.ts";
import { adapterLayout } from "../../../src/nn/lora/layout.ts";
import { adapterConfigJson, adapterConfigOf } from "../../../src/nn/lora/peftConfig.ts";
import { lora, loraOf } from "../../../src/nn/lora.ts";
import { transformer } from "../../../src/nn/transformer.ts";
import { ids } from "../../../src/tensor/apply.ts";
import { DataError } from "../../../src/tensor/errors.ts";
import { type Key, key, normal, split } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { testEngine } from "../../testEngine.ts";
import { build, cases, prompted } from "../arbitraries.ts";

const engine = await testEngine();

const options: fc.Arbitrary<LoraOptions> = fc.record({
  rank: fc.integer({ min: 1, max: 3 }),
  alpha: fc.integer({ min: 1, max: 5 }),
  rslora: fc.boolean(),
  dora: fc.boolean(),
  targets: fc.constantFrom<LoraOptions["targets"] & {}>(
    "all-linear",
    ["q_proj", "lm_head"],
    ".*(k|v|o|up)_proj",
  ),
  rankPattern: fc.constantFrom({}, { o_proj: 2 }),
  alphaPattern: fc.constantFrom({}, { "0\\.mlp\\.up_proj": 7 }),
  modulesToSave: fc.constantFrom([], ["norm"], ["embed_tokens"]),
});

function drawn(shapes: { readonly [name: string]: readonly number[] }, seed: number) {
  const keys = split(key(seed), Object.keys(shapes).length);
  const tensors = Object.entries(shapes).map(([name, shape], i): [string, Tensor] => [
    name,
    normal(keys[i] as Key, shape, { mean: name.endsWith("vector") ? 1 : 0, std: 0.5 }),
  ]);
  return Object.fromEntries(tensors);
}

describe("lora(options)", () => {
  test("adapts as its merged weights do, over a frozen base and together with it", async () => {
    await fc.assert(
      fc.asyncProperty(cases, options, fc.nat(), async ({ tokens, ...recipe }, given, seed) => {
        const { model, params: base } = build(recipe);
        const adapter = lora(given);
        const { shapes, unties } = adapterLayout(adapter.config, model);
        const params = drawn(shapes, seed);
        const merged = adapter.merge(base, params, model);
        const plain = unties ? transformer({ ...model.config, tieEmbeddings: false }) : model;
        const logits = async (of: typeof model, its: typeof base) =>
          (await engine.run(() => of.apply(its, ids(tokens)))).data;
        const wanted = await logits(plain, merged);
        const scale = Math.max(1, ...wanted.map(Math.abs));
        const together = await logits(adapter.apply(model), { ...base, ...params });
        const over = await logits(adapter.over(model, base), params);
        expect(over).toEqual(together);
        // Merged weights are float32.
        over.forEach((x, i) => {
          expect(Math.abs(x - (wanted[i] as number)) / scale).toBeLessThan(1e-3);
        });
      }),
      { numRuns: 40 },
    );
  });

  test("changes nothing when it is fresh", async () => {
    await fc.assert(
      fc.asyncProperty(cases, options, fc.nat(), async ({ tokens, ...recipe }, given, seed) => {
        const { model, params: base } = build(recipe);
        const adapter = lora(given);
        const over = adapter.over(model, base);
        const fresh = adapter.init(key(seed), model, base);
        const before = await engine.run(() => model.apply(base, ids(tokens)));
        const after = await engine.run(() => over.apply(fresh, ids(tokens)));
        const apart = before.data.map((x, i) => x - (after.data[i] as number));
        expect(Math.max(...apart.map(Math.abs))).toBeLessThan(1e-9);
        expect(over.init(key(seed))).toEqual(fresh);
      }),
      { numRuns: 25 },
    );
  });

  test("generates with a cache what applying again and again gives", async () => {
    await fc.assert(
      fc.asyncProperty(prompted, options, async ({ prompts, ...recipe }, given) => {
        const { model, params: base } = build(recipe);
        const adapter = lora(given);
        const over = adapter.over(model, engine.put(base));
        const params = drawn(over.shapes, 7);
        const got = await generate(engine, { model: over, params, prompts, maxNewTokens: 3 });
        for (const [b, prompt] of prompts.entries()) {
          const seen = [...prompt];
          for (const token of got[b] ?? []) {
            const { data } = await engine.run(() => over.apply(params, ids([seen])));
            const last = [...data.slice(-model.config.vocabSize)];
            expect(token).toBe(last.indexOf(Math.max(...last)));
            seen.push(token);
          }
        }
      }),
      { numRuns: 15 },
    );
  });

  const model = transformer({
    ...{ vocabSize: 6, contextLength: 8, layers: 3, heads: 2, width: 8, tieEmbeddings: true },
  });
  const modulesOf = (given: Partial<LoraOptions>) =>
    Object.keys(adapterLayout(lora({ rank: 1, ...given }).config, model).layers);

  test("finds the modules that PEFT's rules name", () => {
    const q = [0, 1, 2].map((n) => `model.layers.${n}.self_attn.q_proj`);
    const all = modulesOf({});
    expect(all).toHaveLength(3 * 7);
    expect(all).not.toContain("lm_head");
    expect(modulesOf({ targets: "ALL-linear" })).toEqual(all);
    expect(modulesOf({ targets: ["q_proj"] })).toEqual(q);
    // A name is a whole part of a path or several, not the end of one.
    expect(modulesOf({ targets: ["self_attn.q_proj", "proj"] })).toEqual(q);
    expect(modulesOf({ targets: ".*\\.q_proj" })).toEqual(q);
    expect(modulesOf({ targets: "model\\.layers\\.[02]\\..*q_proj" })).toEqual([q[0], q[2]]);
    expect(() => modulesOf({ targets: "q_proj" })).toThrow("expected targets among");
    expect(modulesOf({ targets: ["q_proj"], layersToTransform: [1] })).toEqual([q[1]]);
    const pattern = { layersToTransform: [1], layersPattern: ["layers"] };
    expect(modulesOf({ targets: ["q_proj"], ...pattern })).toEqual([q[1]]);
    const other = { layersToTransform: [1], layersPattern: ["blocks"] };
    expect(() => modulesOf({ targets: ["q_proj"], ...other })).toThrow("expected targets among");
    expect(modulesOf({ targets: ["q_proj"], excludeModules: ["0.self_attn.q_proj"] })).toEqual(
      q.slice(1),
    );
    expect(modulesOf({ targets: ["lm_head"] })).toEqual(["lm_head"]);
    expect(modulesOf({ targets: ["q_proj", "lm_head"], modulesToSave: ["lm_head"] })).toEqual(q);
  });

  test("gives patterns the rank and α that PEFT gives them", () => {
    const { config } = lora({
      ...{ rank: 4, alpha: 8, targets: ["q_proj", "down_proj"] },
      rankPattern: { "0\\.self_attn\\.q_proj": 2, q_proj: 1, own_proj: 9 },
      alphaPattern: { "layers\\.[12]\\.mlp\\.down_proj": 2 },
    });
    const { layers } = adapterLayout(config, model);
    const of = (path: string) => {
      const { rank, scale } = layers[`model.layers.${path}`] ?? {};
      return [rank, scale];
    };
    expect(of("0.self_attn.q_proj")).toEqual([2, 4]);
    expect(of("1.self_attn.q_proj")).toEqual([1, 8]);
    // The end of a name is no name.
    expect(of("0.mlp.down_proj")).toEqual([4, 2]);
    expect(of("1.mlp.down_proj")).toEqual([4, 0.5]);
    const stabilised = adapterLayout({ ...config, rslora: true }, model).layers;
    expect(stabilised["model.layers.1.mlp.down_proj"]?.scale).toBe(1);
  });

  test("parts a tied head from its embedding where one of them changes", async () => {
    const base = model.init(key(1));
    for (const given of [{ modulesToSave: ["lm_head"] }, { targets: ["embed_tokens"] }]) {
      const adapter = lora({ rank: 2, ...given });
      const params = drawn(adapterLayout(adapter.config, model).shapes, 3);
      expect(adapter.merge(base, params)).toHaveProperty(["lm_head.weight"]);
    }
    expect(
      lora({ rank: 2 }).merge(base, lora({ rank: 2 }).init(key(0), model, base)),
    ).not.toHaveProperty(["lm_head.weight"]);
  });

  test("joins what the original code joins", async () => {
    // As Phi-3's files have it: one A for q, k and v, and their B one below the other.
    const base = model.init(key(1));
    const { config } = lora({ rank: 2, targets: ["qkv_proj", "gate_up_proj"], dora: true });
    const fused = { shapes: model.shapes, config: { storage: "fused" as const } };
    const { shapes, layers } = adapterLayout(config, fused);
    const start = "base_model.model.model.layers.0.self_attn.qkv_proj";
    expect(shapes[`${start}.lora_A.weight`]).toEqual([2, 8]);
    expect(shapes[`${start}.lora_B.weight`]).toEqual([24, 2]);
    expect(shapes[`${start}.lora_magnitude_vector`]).toEqual([24]);
    expect(layers["model.layers.0.self_attn.k_proj"]?.rows).toEqual({ first: 8, count: 8 });
    const params = drawn(shapes, 4);
    const merged = loraOf(config).merge(base, params, fused);
    const adapted = transformer({ ...model.config, adapter: layers });
    const [one, other] = await engine.run(() => [
      adapted.apply({ ...base, ...params }, ids([[1, 2, 3]])),
      model.apply(merged, ids([[1, 2, 3]])),
    ]);
    one?.data.forEach((x, i) => {
      expect(Math.abs(x - (other?.data[i] as number))).toBeLessThan(1e-5);
    });
  });

  test("refuses options and tensors by name", () => {
    const base = model.init(key(0));
    const adapter = lora({ rank: 1, targets: ["q_proj"] });
    const fresh = adapter.init(key(0), model, base);
    const [name = "", tensor] = Object.entries(fresh)[0] ?? [];
    const apply = (params: object) =>
      withAdapter(model, adapter.config, base).apply(params as never, ids([[1]]));
    const { [name]: _, ...without } = fresh;
    expect(() => apply(without)).toThrow(`lora: expected tensor ${name} [1, 8], got none`);
    expect(() => apply({ ...fresh, more: tensor })).toThrow("expected no tensor more");
    expect(() => adapter.merge(base, without)).toThrow(name);
    expect(() => apply({ ...fresh, [name]: normal(key(0), [2, 8]) })).toThrow(name);
    const twice = adaptedModel(model, adapter.config);
    expect(() => adaptedModel(twice, adapter.config)).toThrow("a model without an adapter");
    for (const [given, Kind] of [
      [{ rank: 0 }, RangeError],
      [{ rank: 1, alpha: NaN }, RangeError],
      [{}, TypeError],
      [{ rank: 1, dropout: 0.1 }, TypeError],
      [{ rank: 1, targets: [] as string[], modulesToSave: "lm_head" }, TypeError],
      [{ rank: 1, targets: "(", dora: true }, DataError],
      [{ rank: 1, rankPattern: { q_proj: 0.5 } }, TypeError],
      [{ rank: 1, targets: ".*", layersToTransform: [1] }, TypeError],
      [{ rank: 1, layersPattern: ["layers"] }, TypeError],
    ] as const)
      expect(() => lora(given as never)).toThrow(Kind);
    expect(() => modulesOf({ modulesToSave: ["score"] })).toThrow('got "score"');
    expect(() => modulesOf({ targets: ".*norm" })).toThrow("which is none");
    expect(() => modulesOf({ targets: ["embed_tokens"], dora: true })).toThrow("with dora");
  });
});

describe("adapter_config.json", () => {
  const minimal = { peft_type: "LORA", r: 2, lora_alpha: 4, target_modules: ["q_proj"] };
  const of = (json: object) => adapterConfigOf(json, "a/adapter_config.json");

  test("says again what it was read as", () => {
    fc.assert(
      fc.property(options, (given) => {
        const { config } = lora(given);
        const { file: _, ...read } = adapterConfigOf(JSON.parse(adapterConfigJson(config)), "x");
        expect(read).toEqual(config);
      }),
    );
    const published = { ...minimal, lora_dropout: 0.05, layers_to_transform: 3, new_feature: null };
    expect(of(published)).toMatchObject({ rank: 2, layersToTransform: [3] });
    expect(JSON.parse(adapterConfigJson(of(published), { base: "org/name" }))).toMatchObject({
      ...published,
      base_model_name_or_path: "org/name",
    });
    expect(adapterConfigJson(of(minimal), { base: "größe" })).toContain("gr\\u00f6\\u00dfe");
  });

  test.each([
    [{ peft_type: "IA3" }, 'peft_type: expected "LORA", got "IA3"'],
    [{ task_type: "SEQ_CLS" }, "task_type"],
    [{ bias: "all" }, "bias"],
    [{ lora_bias: true }, "lora_bias"],
    [{ layer_replication: [[0, 4]] }, "layer_replication"],
    [{ trainable_token_indices: [1] }, "trainable_token_indices"],
    [{ target_parameters: ["x"] }, "target_parameters"],
    [{ init_lora_weights: "pissa" }, "init_lora_weights"],
    [{ init_lora_weights: "olora" }, "init_lora_weights"],
    [{ init_lora_weights: "loftq", loftq_config: { loftq_bits: 4 } }, "loftq_config"],
    [{ use_qalora: true }, "use_qalora"],
    [{ ensure_weight_tying: true }, "ensure_weight_tying"],
    [{ alora_invocation_tokens: [1] }, "alora_invocation_tokens"],
    [{ a_key_of_tomorrow: 3 }, "a_key_of_tomorrow"],
    [{ r: "8" }, "r: expected a positive integer"],
    [{ r: undefined }, "r: expected a value, got nothing"],
    [{ target_modules: null }, "target_modules"],
    [{ target_modules: "(" }, "target_modules: expected a regular expression"],
    [{ target_modules: [1] }, "target_modules"],
    [{ rank_pattern: { q_proj: -1 } }, "rank_pattern"],
    [{ use_dora: "yes" }, "use_dora: expected true or false"],
    [{ modules_to_save: "lm_head" }, "modules_to_save"],
    [{ exclude_modules: 5 }, "exclude_modules"],
    [{ layers_to_transform: ["one"] }, "layers_to_transform"],
  ])("refuses %j by its key", (json, why) => {
    expect(() => of({ ...minimal, ...json })).toThrow(DataError);
    expect(() => of({ ...minimal, ...json })).toThrow(`a/adapter_config.json: ${why}`);
  });
});
