import {
  configOf,
  type NamedTensors,
  storedTensors,
  type TransformerConfig,
} from "../../../src/nn/index.ts";
import { constant } from "../../../src/tensor/apply.ts";
import { inParts } from "../../../src/tensor/parts.ts";
import { key, normal, split } from "../../../src/tensor/random.ts";
import { at, sizeOf } from "../../../src/tensor/shapes.ts";
import type { Shape, Tensor } from "../../../src/tensor/tensor.ts";
import { rowsIn } from "../../../src/weights/weightFile.ts";

type Json = Record<string, unknown>;

const common: Json = {
  vocab_size: 13,
  hidden_size: 12,
  intermediate_size: 10,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
  torch_dtype: "float32",
  eos_token_id: [1, 2],
  bos_token_id: 0,
  use_cache: true,
  attention_dropout: 0.1,
};
const gemma: Json = {
  ...common,
  head_dim: 6,
  query_pre_attn_scalar: 5,
  hidden_activation: "gelu_pytorch_tanh",
  sliding_window: 3,
};

/** A config.json of each family, as its files have it, small; ours, with numbers of our own. */
export const families: Readonly<Record<string, Json>> = {
  llama: {
    ...common,
    model_type: "llama",
    attention_bias: true,
    mlp_bias: true,
    head_dim: 4,
    rope_scaling: {
      rope_type: "llama3",
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8,
    },
  },
  mistral: { ...common, model_type: "mistral", head_dim: 4, sliding_window: 3 },
  qwen2: {
    ...common,
    hidden_size: 16,
    model_type: "qwen2",
    use_sliding_window: true,
    sliding_window: 3,
    max_window_layers: 1,
    rope_scaling: { type: "yarn", factor: 4, original_max_position_embeddings: 4 },
    max_position_embeddings: 16,
  },
  qwen3: { ...common, model_type: "qwen3", head_dim: 6, tie_word_embeddings: true },
  smollm3: {
    ...common,
    hidden_size: 16,
    model_type: "smollm3",
    no_rope_layers: [1, 1, 0],
    rope_theta: 5e6,
  },
  olmo2: { ...common, hidden_size: 16, model_type: "olmo2", rope_theta: 5e5 },
  granite: {
    ...common,
    hidden_size: 16,
    model_type: "granite",
    attention_multiplier: 0.3,
    embedding_multiplier: 6,
    residual_multiplier: 0.4,
    logits_scaling: 3,
    tie_word_embeddings: true,
  },
  phi3: {
    ...common,
    hidden_size: 32,
    model_type: "phi3",
    original_max_position_embeddings: 4,
    partial_rotary_factor: 0.75,
    rope_scaling: { type: "longrope", short_factor: [1, 1.1, 1.3], long_factor: [1, 2, 5] },
    sliding_window: 100,
    tie_word_embeddings: true,
  },
  gemma2: { ...gemma, model_type: "gemma2", attn_logit_softcapping: 4, final_logit_softcapping: 3 },
  gemma3_text: {
    ...gemma,
    model_type: "gemma3_text",
    sliding_window_pattern: 2,
    rope_scaling: { rope_type: "linear", factor: 8 },
  },
  gpt2: {
    model_type: "gpt2",
    vocab_size: 13,
    n_embd: 12,
    n_layer: 2,
    n_head: 4,
    n_positions: 16,
    n_ctx: 16,
    activation_function: "gelu_new",
    resid_pdrop: 0.1,
    summary_type: "cls_index",
  },
};

export const configFor = (family: string, changes: Json = {}): TransformerConfig =>
  configOf({ ...families[family], ...changes }, "config.json");

/** Tensors in memory as a checkpoint's. */
export function inMemory(tensors: Readonly<Record<string, Tensor>>): NamedTensors {
  const get = (name: string) => {
    const found = tensors[name];
    if (!found) throw new Error(`no ${name}`);
    return found;
  };
  return {
    names: Object.keys(tensors),
    shapeOf: (name) => get(name).shape,
    stream: (name, rows) => rowsIn(inParts(get(name)), rows, name),
  };
}

/** A file of random tensors in a family's own layout. */
export function randomFile(config: TransformerConfig, seed: number): Record<string, Tensor> {
  const stored = storedTensors(config);
  const keys = split(key(seed), stored.length);
  return Object.fromEntries(
    stored.map(({ name, shape }, i) => {
      const isGain = /(norm|ln_.)\.weight$/.test(name);
      return [name, normal(at(keys, i), shape, isGain ? { mean: 1, std: 0.3 } : { std: 0.5 })];
    }),
  );
}

/** Rows from … to of a matrix or a vector. */
export function rowsOf({ data, shape }: Tensor, from: number, to: number): Tensor {
  const width = sizeOf(shape.slice(1));
  const cut: Shape = [to - from, ...shape.slice(1)];
  return constant(data.slice(from * width, to * width), cut);
}
