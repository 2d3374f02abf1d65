import type { TransformerConfig } from "../config.ts";
import type { Fields, Json } from "./fields.ts";
import { type LayerRules, ropeLayersOf, SLIDING } from "./layers.ts";

/** What one model_type adds to the common decoder. */
export interface Family extends LayerRules {
  /** What the configuration class says where a file is silent. */
  readonly defaults: Json;
  /** Keys that this family spells in its own way. */
  readonly spelling?: Readonly<Record<string, string>>;
  /** Keys that files carry and that the family does not read. */
  readonly dead?: readonly string[];
  /** What differs from Llama. */
  variant(fields: Fields, width: number): Partial<TransformerConfig>;
}

const LLAMA: Json = {
  vocab_size: 32000,
  hidden_size: 4096,
  intermediate_size: 11008,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  max_position_embeddings: 2048,
  rms_norm_eps: 1e-6,
  rope_theta: 10000,
  tie_word_embeddings: false,
  hidden_act: "silu",
};
const QWEN: Json = {
  ...LLAMA,
  vocab_size: 151936,
  intermediate_size: 22016,
  num_key_value_heads: 32,
  max_position_embeddings: 32768,
  sliding_window: 4096,
  use_sliding_window: false,
  max_window_layers: 28,
};
const GEMMA: Json = {
  ...LLAMA,
  hidden_size: 2304,
  intermediate_size: 9216,
  num_hidden_layers: 26,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  head_dim: 256,
  query_pre_attn_scalar: 256,
  sliding_window: 4096,
  tie_word_embeddings: true,
  hidden_act: "gelu_pytorch_tanh",
};
/** Gemma reads its own key, and files carry the other one as well, sometimes wrong. */
const GEMMA_SPELLING = { hidden_act: "hidden_activation" };

/** attention_bias is of queries, keys, values and the output. */
const attentionBias = (fields: Fields): Partial<TransformerConfig> => {
  const bias = fields.flag("attention_bias");
  return { qkvBias: bias, outputBias: bias };
};
const bothBiases = (fields: Fields): Partial<TransformerConfig> => ({
  ...attentionBias(fields),
  mlpBias: fields.flag("mlp_bias"),
});
const gemma = (fields: Fields, width: number): Partial<TransformerConfig> => ({
  ...attentionBias(fields),
  norm: "rmsOnePlus",
  normPlacement: "sandwich",
  attentionScale: fields.positive("query_pre_attn_scalar") ** -0.5,
  attentionSoftcap: fields.numberOrNone("attn_logit_softcapping"),
  logitSoftcap: fields.numberOrNone("final_logit_softcapping"),
  embeddingScale: Math.sqrt(width),
});

/** Families by model_type. Defaults: models/(family)/configuration_(family).py of transformers. */
export const FAMILIES: Readonly<Record<string, Family>> = {
  llama: { defaults: LLAMA, sliding: SLIDING.none, variant: bothBiases },
  mistral: {
    defaults: {
      ...LLAMA,
      intermediate_size: 14336,
      num_key_value_heads: 8,
      max_position_embeddings: 131072,
      sliding_window: 4096,
    },
    dead: ["attention_bias", "mlp_bias"],
    sliding: SLIDING.all,
    variant: () => ({}),
  },
  qwen2: {
    defaults: QWEN,
    dead: ["attention_bias"],
    sliding: SLIDING.upper,
    variant: () => ({ qkvBias: true }),
  },
  qwen3: {
    defaults: { ...QWEN, head_dim: 128 },
    sliding: SLIDING.upper,
    variant: (fields) => ({ ...attentionBias(fields), qkNorm: "head" }),
  },
  smollm3: {
    defaults: {
      ...LLAMA,
      vocab_size: 128256,
      hidden_size: 2048,
      num_hidden_layers: 36,
      num_attention_heads: 16,
      num_key_value_heads: 4,
      max_position_embeddings: 32768,
      rope_theta: 2e6,
      use_sliding_window: false,
      no_rope_layer_interval: 4,
      tie_word_embeddings: true,
    },
    dead: ["max_window_layers"],
    sliding: SLIDING.still,
    ropeLayers: ropeLayersOf,
    variant: bothBiases,
  },
  olmo2: {
    defaults: { ...LLAMA, vocab_size: 50304, rms_norm_eps: 1e-5 },
    sliding: SLIDING.none,
    variant: (fields) => ({ ...attentionBias(fields), normPlacement: "post", qkNorm: "width" }),
  },
  granite: {
    defaults: {
      ...LLAMA,
      attention_multiplier: 1,
      embedding_multiplier: 1,
      residual_multiplier: 1,
      logits_scaling: 1,
    },
    sliding: SLIDING.none,
    variant: (fields) => ({
      ...bothBiases(fields),
      attentionScale: fields.positive("attention_multiplier"),
      embeddingScale: fields.number("embedding_multiplier"),
      residualScale: fields.number("residual_multiplier"),
      logitScale: 1 / fields.positive("logits_scaling"),
    }),
  },
  phi3: {
    defaults: {
      ...LLAMA,
      vocab_size: 32064,
      hidden_size: 3072,
      intermediate_size: 8192,
      max_position_embeddings: 4096,
      // The class has it beside the scaling, whose own gives way.
      original_max_position_embeddings: 4096,
      rms_norm_eps: 1e-5,
    },
    dead: ["attention_bias", "mlp_bias"],
    sliding: SLIDING.all,
    variant: () => ({ storage: "fused" }),
  },
  gemma2: {
    defaults: {
      ...GEMMA,
      vocab_size: 256000,
      max_position_embeddings: 8192,
      attn_logit_softcapping: 50,
      final_logit_softcapping: 30,
    },
    spelling: GEMMA_SPELLING,
    dead: ["hidden_act"],
    sliding: SLIDING.even,
    variant: gemma,
  },
  gemma3_text: {
    defaults: {
      ...GEMMA,
      vocab_size: 262208,
      max_position_embeddings: 131072,
      rope_theta: 1e6,
      rope_local_base_freq: 10000,
      sliding_window_pattern: 6,
    },
    spelling: GEMMA_SPELLING,
    // Its class keeps Gemma 2's cap on scores, and hands it to no attention.
    dead: ["hidden_act", "attn_logit_softcapping"],
    sliding: SLIDING.pattern,
    variant: (fields, width) => ({
      ...gemma(fields, width),
      attentionSoftcap: null,
      qkNorm: "head",
    }),
  },
  gpt2: {
    defaults: {
      ...LLAMA,
      vocab_size: 50257,
      hidden_size: 768,
      intermediate_size: null,
      num_hidden_layers: 12,
      num_attention_heads: 12,
      max_position_embeddings: 1024,
      rms_norm_eps: 1e-5,
      tie_word_embeddings: true,
      hidden_act: "gelu_new",
    },
    spelling: {
      hidden_size: "n_embd",
      intermediate_size: "n_inner",
      num_hidden_layers: "n_layer",
      num_attention_heads: "n_head",
      max_position_embeddings: "n_positions",
      rms_norm_eps: "layer_norm_epsilon",
      hidden_act: "activation_function",
    },
    sliding: SLIDING.none,
    variant: (fields) => {
      if (fields.raw("scale_attn_weights") === false)
        fields.fail("scale_attn_weights", "true", false);
      return {
        positions: "learned",
        norm: "layer",
        gated: false,
        qkvBias: true,
        outputBias: true,
        mlpBias: true,
        storage: "gpt2",
      };
    },
  },
};
