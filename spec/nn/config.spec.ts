import { describe, expect, test } from "vitest";
import { type TransformerConfig, transformer } from "../../src/nn/index.ts";

const config: TransformerConfig = {
  vocabSize: 10,
  contextLength: 8,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  width: 8,
  hidden: 12,
};

/** What Hugging Face calls the weights of a block. */
const block = (layer: number, names: readonly string[]) =>
  names.map((name) => `model.layers.${layer}.${name}`);
const LLAMA = [
  "input_layernorm.weight",
  "self_attn.q_proj.weight",
  "self_attn.k_proj.weight",
  "self_attn.v_proj.weight",
  "self_attn.o_proj.weight",
  "post_attention_layernorm.weight",
  "mlp.gate_proj.weight",
  "mlp.up_proj.weight",
  "mlp.down_proj.weight",
];
const QWEN2 = ["q", "k", "v"].map((name) => `self_attn.${name}_proj.bias`);
const QWEN3 = ["q", "k"].map((name) => `self_attn.${name}_norm.weight`);

const namesOf = (options: Partial<TransformerConfig>) =>
  Object.keys(transformer({ ...config, ...options }).shapes).sort();
const ends = ["model.embed_tokens.weight", "model.norm.weight"];

describe("transformer(config).shapes", () => {
  test("names parameters as LlamaForCausalLM does", () => {
    const names = [...ends, ...block(0, LLAMA), ...block(1, LLAMA)];
    expect(namesOf({})).toEqual([...names, "lm_head.weight"].sort());
    expect(namesOf({ tieEmbeddings: true })).toEqual(names.sort());
  });

  test("names parameters as Qwen2ForCausalLM and Qwen3ForCausalLM do", () => {
    const with2 = [...LLAMA, ...QWEN2];
    const with3 = [...LLAMA, ...QWEN3];
    const head = [...ends, "lm_head.weight"];
    expect(namesOf({ qkvBias: true })).toEqual(
      [...head, ...block(0, with2), ...block(1, with2)].sort(),
    );
    expect(namesOf({ qkNorm: "head" })).toEqual(
      [...head, ...block(0, with3), ...block(1, with3)].sort(),
    );
  });

  test("stores matrices as [out, in]", () => {
    const { shapes } = transformer({ ...config, headDim: 6, qkvBias: true, qkNorm: "head" });
    expect(shapes).toMatchObject({
      "model.embed_tokens.weight": [10, 8],
      "model.layers.1.self_attn.q_proj.weight": [24, 8],
      "model.layers.1.self_attn.q_proj.bias": [24],
      "model.layers.1.self_attn.k_proj.weight": [12, 8],
      "model.layers.1.self_attn.v_proj.bias": [12],
      "model.layers.1.self_attn.k_norm.weight": [6],
      "model.layers.1.self_attn.o_proj.weight": [8, 24],
      "model.layers.1.mlp.gate_proj.weight": [12, 8],
      "model.layers.1.mlp.down_proj.weight": [8, 12],
      "lm_head.weight": [10, 8],
    });
  });
});

describe("transformer(config)", () => {
  test("fills in Llama's proportions", () => {
    const { hidden: _, kvHeads: __, ...bare } = config;
    expect(transformer({ ...bare, width: 64 }).config).toMatchObject({
      kvHeads: 4,
      headDim: 16,
      hidden: 176,
      ropeTheta: 10000,
      tieEmbeddings: false,
    });
  });

  test.each<[Partial<TransformerConfig>, string]>([
    [{ kvHeads: 3 }, "transformer: expected kvHeads to divide heads 4, got 3"],
    [
      { width: 10 },
      "expected headDim (width / heads unless given) to be a positive integer, got 2.5",
    ],
    [{ width: 12 }, "transformer: expected an even headDim, got 3"],
    [{ layers: 0 }, "transformer: expected layers to be a positive integer, got 0"],
    [{ vocabSize: 1.5 }, "transformer: expected vocabSize to be a positive integer, got 1.5"],
    [{ contextLength: -1 }, "transformer: expected contextLength to be a positive integer, got -1"],
    [{ hidden: Number.NaN }, "transformer: expected hidden to be a positive integer, got NaN"],
    [{ ropeTheta: 0 }, "transformer: expected ropeTheta > 0, got 0"],
    [{ epsilon: -1 }, "transformer: expected epsilon ≥ 0, got -1"],
  ])("refuses %o", (options, message) => {
    expect(() => transformer({ ...config, ...options })).toThrow(RangeError);
    expect(() => transformer({ ...config, ...options })).toThrow(message);
  });
});
