import { describe, expect, test } from "vitest";
import { configOf, huggingFaceConfig, type TransformerConfig } from "../../../src/nn/index.ts";
import { DataError } from "../../../src/tensor/errors.ts";
import { configFor, families } from "./families.ts";

const [full, slid] = ["full", "sliding"] as const;

/** What each family's file means; what is not named here is the transformer's default. */
const meanings: Readonly<Record<string, Partial<TransformerConfig>>> = {
  llama: {
    epsilon: 1e-6,
    qkvBias: true,
    outputBias: true,
    mlpBias: true,
    ropeTheta: 10000,
    ropeScaling: {
      type: "llama3",
      factor: 8,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalLength: 8,
    },
    layerTypes: [full, full, full],
    window: null,
    tieEmbeddings: false,
  },
  mistral: { layerTypes: [slid, slid, slid], window: 3 },
  qwen2: {
    qkvBias: true,
    window: 3,
    layerTypes: [full, slid, slid],
    contextLength: 16,
    ropeScaling: {
      type: "yarn",
      factor: 4,
      attentionFactor: 0.1 * Math.log(4) + 1,
      betaFast: 32,
      betaSlow: 1,
      originalLength: 4,
      truncate: true,
    },
  },
  qwen3: { qkNorm: "head", headDim: 6, window: null, tieEmbeddings: true },
  smollm3: { ropeLayers: [true, true, false], ropeTheta: 5e6, tieEmbeddings: true },
  olmo2: { normPlacement: "post", qkNorm: "width", epsilon: 1e-5, ropeTheta: 5e5 },
  granite: { attentionScale: 0.3, embeddingScale: 6, residualScale: 0.4, logitScale: 1 / 3 },
  phi3: {
    storage: "fused",
    epsilon: 1e-5,
    rotaryChannels: 6,
    window: 100,
    ropeScaling: {
      type: "longrope",
      shortFactors: [1, 1.1, 1.3],
      longFactors: [1, 2, 5],
      attentionFactor: Math.sqrt(1 + Math.log(16) / Math.log(4)),
      originalLength: 4,
    },
  },
  gemma2: {
    norm: "rmsOnePlus",
    normPlacement: "sandwich",
    activation: "gelu",
    attentionScale: 5 ** -0.5,
    attentionSoftcap: 4,
    logitSoftcap: 3,
    embeddingScale: Math.sqrt(12),
    layerTypes: [slid, full, slid],
    tieEmbeddings: true,
  },
  gemma3_text: {
    qkNorm: "head",
    attentionSoftcap: null,
    layerTypes: [slid, full, slid],
    ropeTheta: 1e6,
    ropeScaling: { type: "linear", factor: 8 },
    slidingRope: { theta: 10000, scaling: null },
  },
  gpt2: {
    positions: "learned",
    norm: "layer",
    gated: false,
    activation: "gelu",
    storage: "gpt2",
    hidden: 48,
    contextLength: 16,
    epsilon: 1e-5,
    tieEmbeddings: true,
  },
};

describe("configOf(json, path)", () => {
  test.each(Object.keys(families))("reads %s", (family) => {
    const config = configFor(family);
    expect(config).toMatchObject(meanings[family] ?? {});
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
  });

  test("knows what files leave out", () => {
    const bare = (type: string) => configOf({ model_type: type, vocab_size: 9 }, "config.json");
    expect(bare("mistral")).toMatchObject({ kvHeads: 8, window: 4096, hidden: 14336 });
    expect(bare("qwen2")).toMatchObject({ kvHeads: 32, window: null, contextLength: 32768 });
    expect(bare("qwen3")).toMatchObject({ headDim: 128 });
    expect(bare("smollm3")).toMatchObject({ kvHeads: 4, ropeTheta: 2e6 });
    expect(bare("smollm3").ropeLayers?.slice(0, 8)).toEqual([1, 1, 1, 0, 1, 1, 1, 0].map(Boolean));
    expect(bare("gemma2")).toMatchObject({ window: 4096, attentionSoftcap: 50, logitSoftcap: 30 });
    expect(bare("gemma3_text")).toMatchObject({ headDim: 256, attentionScale: 1 / 16 });
    expect(bare("gemma3_text").layerTypes?.slice(4, 7)).toEqual([slid, full, slid]);
    expect(bare("llama")).toMatchObject({ kvHeads: 32, epsilon: 1e-6, tieEmbeddings: false });
  });

  test("takes the language model of multimodal files", () => {
    const { model_type: _, ...text } = families["gemma3_text"] ?? {};
    const whole = { model_type: "gemma3", text_config: text, vision_config: { hidden_size: 8 } };
    expect(configOf(whole, "config.json")).toEqual(configFor("gemma3_text"));
  });

  test("reads rope_parameters as it reads rope_scaling", () => {
    const { rope_scaling: rope, ...llama } = families["llama"] ?? {};
    const v5 = { ...llama, rope_parameters: { ...(rope as object), rope_theta: 7 } };
    expect(configOf(v5, "c")).toEqual({ ...configFor("llama"), ropeTheta: 7 });
    const { rope_scaling: linear, ...gemma } = families["gemma3_text"] ?? {};
    const perType = {
      full_attention: { ...(linear as object), rope_theta: 1e6 },
      sliding_attention: { rope_type: "default", rope_theta: 10000 },
    };
    expect(configOf({ ...gemma, rope_parameters: perType }, "c")).toEqual(configFor("gemma3_text"));
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["llama", { model_type: "falcon" }, "expected model_type to be one of llama, mistral"],
    ["llama", { hidden_size: "12" }, 'expected hidden_size to be a positive integer, got "12"'],
    ["llama", { rms_norm_eps: "small" }, "expected rms_norm_eps to be a number"],
    ["llama", { hidden_act: "gelu" }, "expected hidden_act to be silu, gelu_pytorch_tanh or"],
    ["gpt2", { activation_function: "relu" }, "expected activation_function to be silu"],
    ["gpt2", { scale_attn_weights: false }, "expected scale_attn_weights to be true, got false"],
    ["gpt2", { scale_attn_by_inverse_layer_idx: true }, "scale_attn_by_inverse_layer_idx: true"],
    ["llama", { rope_interleaved: true }, "rope_interleaved: true may change"],
    ["qwen2", { use_mrope: true }, "use_mrope: true may change"],
    ["llama", { clip_qkv: 8 }, "clip_qkv: 8 may change what a llama model computes"],
    ["gemma3_text", { use_bidirectional_attention: true }, "use_bidirectional_attention: true"],
    ["llama", { final_logit_softcapping: 30 }, "final_logit_softcapping: 30 may change"],
    [
      "llama",
      { rope_scaling: { rope_type: "ntk", factor: 2 } },
      "expected rope_type to be default",
    ],
    ["llama", { rope_scaling: { type: "linear" } }, "rope_scaling: expected factor to be a number"],
    [
      "llama",
      { rope_scaling: { type: "linear", factor: 2, alpha: 1000 } },
      "rope_scaling: expected alpha to be absent from rope_type linear, got 1000",
    ],
    [
      "phi3",
      { rope_scaling: { type: "longrope", short_factor: [1], long_factor: [1] } },
      "expected 3 shortFactors, one for each pair of channels, got 1",
    ],
    ["qwen2", { layer_types: ["full_attention"] }, "expected layer_types to be a list of 3"],
    [
      "mistral",
      { layer_types: ["full_attention", "full_attention", "chunked_attention"] },
      "expected layer_types to be full_attention or sliding_attention each",
    ],
    ["llama", { num_key_value_heads: 3 }, "expected kvHeads to divide heads 4, got 3"],
    [
      "llama",
      { quantization_config: { quant_method: "gptq", bits: 4 } },
      "expected full-precision weights, got quantization_config of gptq: open the repository",
    ],
  ])("refuses %s with %o", (family, changes, message) => {
    expect(() => configFor(family, changes)).toThrow(DataError);
    expect(() => configFor(family, changes)).toThrow(message);
    expect(() => configFor(family, changes)).toThrow("config.json: ");
  });

  test("takes windows and scalings as the classes of transformers do", () => {
    const types = ["sliding_attention", "full_attention", "sliding_attention"];
    const named = { layer_types: types, sliding_window: 5 };
    // SmolLM3's masks go by layer_types alone; Qwen's window is gone without use_sliding_window.
    expect(configFor("smollm3", named)).toMatchObject({
      window: 5,
      layerTypes: [slid, full, slid],
    });
    expect(configFor("smollm3", { sliding_window: 5 })).toMatchObject({ window: null });
    expect(configFor("smollm3", { sliding_window: 5, use_sliding_window: true })).toMatchObject({
      window: 5,
      layerTypes: [full, full, slid],
    });
    const off = { ...named, use_sliding_window: false };
    expect(configFor("qwen2", off)).toMatchObject({ window: null, layerTypes: [full, full, full] });
    // Gemma 3's attention is given no cap, whatever the file says.
    expect(configFor("gemma3_text", { attn_logit_softcapping: 50 }).attentionSoftcap).toBe(null);
    expect(configFor("gemma3_text", { final_logit_softcapping: 30 }).logitSoftcap).toBe(30);
    // Phi-3's original length is 4096 where the file does not say it beside the scaling.
    const { original_max_position_embeddings: _, ...phi3 } = families["phi3"] ?? {};
    const factors = { short_factor: [1, 1, 1], long_factor: [2, 2, 2] };
    const inside = { type: "longrope", ...factors, original_max_position_embeddings: 8 };
    const long = { max_position_embeddings: 16384, rope_scaling: inside };
    expect(configOf({ ...phi3, ...long }, "c").ropeScaling).toMatchObject({
      originalLength: 4096,
      attentionFactor: Math.sqrt(1 + Math.log(4) / Math.log(4096)),
    });
    // An empty record says nothing.
    const parameters = { rope_type: "linear", factor: 2, rope_theta: 7 };
    const empty = { rope_scaling: {}, rope_parameters: parameters };
    expect(configFor("llama", empty)).toMatchObject({
      ropeTheta: 7,
      ropeScaling: { type: "linear", factor: 2 },
    });
  });

  test("lets pass what changes nothing", () => {
    const idle = {
      rope_interleaved: false,
      pretraining_tp: 2,
      cache_implementation: "hybrid",
      transformers_version: "4.51.0",
      unsloth_version: "2024.9",
      pad_token_id: 128004,
      rope_scaling: null,
      task_specific_params: {},
    };
    const { rope_scaling: _, ...llama } = families["llama"] ?? {};
    expect(configFor("llama", idle)).toEqual(configOf(llama, "config.json"));
    // Published Qwen files carry a window that is off.
    const off = configFor("qwen2", { use_sliding_window: false });
    expect(off).toMatchObject({ window: null, layerTypes: [full, full, full] });
  });
});

describe("huggingFaceConfig(config, original)", () => {
  test("keeps the original, with the head's truth and head_dim", () => {
    const original = families["granite"] ?? {};
    const untied = { ...configFor("granite"), tieEmbeddings: false };
    expect(huggingFaceConfig(untied, original)).toEqual({
      ...original,
      head_dim: 4,
      tie_word_embeddings: false,
    });
  });

  test.each(Object.keys(families))("reads back as it was: %s", (family) => {
    const written = huggingFaceConfig(configFor(family), families[family] ?? {});
    expect(configOf(written, "config.json")).toEqual(configFor(family));
  });

  test("describes the language model of a multimodal original alone", () => {
    const { model_type: _, ...text } = families["gemma3_text"] ?? {};
    const whole = { model_type: "gemma3", text_config: text, tie_word_embeddings: true };
    const written = huggingFaceConfig(configOf(whole, "c"), whole);
    expect(written).toMatchObject({
      model_type: "gemma3_text",
      architectures: ["Gemma3ForCausalLM"],
      sliding_window: 3,
    });
    expect(configOf(written, "c")).toEqual(configOf(whole, "c"));
  });
});
