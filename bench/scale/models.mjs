// The shapes of real small models, in Hugging Face's terms. Weights are random: only sizes matter here.
const llama = { model_type: "llama", architectures: ["LlamaForCausalLM"], hidden_act: "silu" };
const qwen2 = { model_type: "qwen2", architectures: ["Qwen2ForCausalLM"], hidden_act: "silu" };
const qwen3 = { model_type: "qwen3", architectures: ["Qwen3ForCausalLM"], hidden_act: "silu" };

const shape = (
  layers,
  width,
  hidden,
  heads,
  kvHeads,
  headDim,
  vocabulary,
  rope_theta,
  epsilon,
) => ({
  num_hidden_layers: layers,
  hidden_size: width,
  intermediate_size: hidden,
  num_attention_heads: heads,
  num_key_value_heads: kvHeads,
  head_dim: headDim,
  vocab_size: vocabulary,
  rope_theta,
  rms_norm_eps: epsilon,
  max_position_embeddings: 2048,
  tie_word_embeddings: true,
});

/** By their usual names; `tiny` is for trying the scripts. */
export const models = {
  tiny: { ...llama, ...shape(2, 64, 160, 4, 2, 16, 512, 1e4, 1e-5) },
  "135M": { ...llama, ...shape(30, 576, 1536, 9, 3, 64, 49_152, 1e5, 1e-5) },
  "360M": { ...llama, ...shape(32, 960, 2560, 15, 5, 64, 49_152, 1e5, 1e-5) },
  "0.5B": { ...qwen2, ...shape(24, 896, 4864, 14, 2, 64, 151_936, 1e6, 1e-6) },
  "0.6B": { ...qwen3, ...shape(28, 1024, 3072, 16, 8, 128, 151_936, 1e6, 1e-6) },
  "1B": { ...llama, ...shape(16, 2048, 8192, 32, 8, 64, 128_256, 5e5, 1e-5) },
};
