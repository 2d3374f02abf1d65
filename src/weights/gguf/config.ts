import { DataError } from "../../tensor/errors.ts";
import { show } from "../refuse.ts";
import type { ConfigJson } from "./hfConfig.ts";
import { type Architecture, architectures, isArchitecture } from "./names.ts";
import type { GgufMetadata } from "./types.ts";

/** What tensors say about a model, besides its metadata. */
export interface TensorFacts {
  /** Whether there is `output.weight`: without it the head is the embedding. */
  readonly hasHead: boolean;
  /** Rows of the embedding. */
  readonly vocabSize: number;
  readonly hasBias?: (name: string) => boolean;
}

const classNames: Readonly<Record<Architecture, readonly [type: string, name: string]>> = {
  llama: ["llama", "LlamaForCausalLM"],
  qwen2: ["qwen2", "Qwen2ForCausalLM"],
  qwen3: ["qwen3", "Qwen3ForCausalLM"],
  olmo2: ["olmo2", "Olmo2ForCausalLM"],
  granite: ["granite", "GraniteForCausalLM"],
  smollm3: ["smollm3", "SmolLM3ForCausalLM"],
  phi3: ["phi3", "Phi3ForCausalLM"],
  gemma2: ["gemma2", "Gemma2ForCausalLM"],
  gemma3: ["gemma3_text", "Gemma3ForCausalLM"],
  gpt2: ["gpt2", "GPT2LMHeadModel"],
};

/** The architecture of a GGUF file. @throws DataError for one that is not known here */
export function architectureIn(metadata: GgufMetadata): Architecture {
  const arch = metadata["general.architecture"];
  if (isArchitecture(arch)) return arch;
  throw new DataError(
    `gguf: expected general.architecture of ${architectures().join(", ")}, got ${show(arch)}`,
  );
}

/**
 * A Hugging Face config.json from a GGUF file's metadata: what llama.cpp computes, said with the
 * keys of transformers. Rope by tensors (`rope_freqs`, `rope_factors_…`) is added by `fromGguf`.
 * @throws DataError for an architecture that is not known, and for keys that are missing
 */
export function ggufConfig(metadata: GgufMetadata, facts: TensorFacts): ConfigJson {
  const arch = architectureIn(metadata);
  const optional = (key: string): number | undefined => {
    const value = metadata[`${arch}.${key}`];
    // Float32 in the file: 1e-5 comes as 0.00000999999974. The shortest number that is the same.
    return typeof value === "number" ? shortest(value) : undefined;
  };
  const number = (key: string, otherwise?: number): number => {
    const value = optional(key) ?? otherwise;
    if (value !== undefined) return value;
    throw new DataError(`gguf: expected a number for ${arch}.${key}, got none`);
  };
  const token = (key: string): number | undefined => {
    const value = metadata[`tokenizer.ggml.${key}_token_id`];
    return typeof value === "number" ? value : undefined;
  };
  const [type, name] = classNames[arch];
  const common = {
    architectures: [name],
    model_type: type,
    vocab_size: facts.vocabSize,
    ...{ bos_token_id: token("bos"), eos_token_id: token("eos"), pad_token_id: token("padding") },
  };
  if (arch === "gpt2")
    return {
      ...common,
      n_layer: number("block_count"),
      n_positions: number("context_length"),
      n_ctx: number("context_length"),
      n_embd: number("embedding_length"),
      n_inner: number("feed_forward_length"),
      n_head: number("attention.head_count"),
      layer_norm_epsilon: number("attention.layer_norm_epsilon"),
      activation_function: "gelu_new",
      tie_word_embeddings: !facts.hasHead,
    };
  const heads = number("attention.head_count");
  const width = number("attention.key_length", number("embedding_length") / heads);
  const turned = number("rope.dimension_count", width);
  const hasBias = facts.hasBias ?? ((): boolean => false);
  return {
    ...common,
    num_hidden_layers: number("block_count"),
    max_position_embeddings: number("context_length"),
    hidden_size: number("embedding_length"),
    intermediate_size: number("feed_forward_length"),
    num_attention_heads: heads,
    num_key_value_heads: number("attention.head_count_kv", heads),
    head_dim: width,
    rms_norm_eps: number("attention.layer_norm_rms_epsilon"),
    rope_theta: number("rope.freq_base", 1e4),
    tie_word_embeddings: !facts.hasHead,
    attention_bias: arch !== "qwen2" && hasBias("attn_output"),
    mlp_bias: hasBias("ffn_down"),
    ...(turned !== width && { partial_rotary_factor: turned / width }),
    ...ropeScaling(metadata, arch, optional),
    ...familyKeys(arch, optional, width),
  };
}

const shortest = (x: number): number =>
  Number.isInteger(x) || Math.fround(x) !== x ? x : Number(x.toPrecision(7));

type Optional = (key: string) => number | undefined;

function familyKeys(arch: Architecture, optional: Optional, width: number): ConfigJson {
  const window = optional("attention.sliding_window");
  switch (arch) {
    case "gemma2":
      return {
        hidden_activation: "gelu_pytorch_tanh",
        query_pre_attn_scalar: width,
        sliding_window: window ?? 4096,
        attn_logit_softcapping: optional("attn_logit_softcapping") ?? 50,
        final_logit_softcapping: optional("final_logit_softcapping") ?? 30,
      };
    case "gemma3":
      return {
        hidden_activation: "gelu_pytorch_tanh",
        query_pre_attn_scalar: width,
        sliding_window: window ?? 1024,
        sliding_window_pattern: 6,
        rope_local_base_freq: 10000,
      };
    case "granite":
      return {
        hidden_act: "silu",
        attention_multiplier: optional("attention.scale") ?? 1 / Math.sqrt(width),
        embedding_multiplier: optional("embedding_scale") ?? 1,
        residual_multiplier: optional("residual_scale") ?? 1,
        logits_scaling: optional("logit_scale") ?? 1,
      };
    case "smollm3":
      return { hidden_act: "silu", no_rope_layer_interval: 4, use_sliding_window: false };
    case "qwen2":
    case "qwen3":
      return { hidden_act: "silu", use_sliding_window: false };
    case "phi3":
      // llama.cpp lays no window over it, whatever the file says.
      return { hidden_act: "silu", sliding_window: null };
    default:
      return { hidden_act: "silu" };
  }
}

function ropeScaling(metadata: GgufMetadata, arch: Architecture, optional: Optional): ConfigJson {
  const type = metadata[`${arch}.rope.scaling.type`];
  const factor = optional("rope.scaling.factor");
  const original = optional("rope.scaling.original_context_length");
  if (type === "linear" && factor !== undefined)
    return { rope_scaling: { rope_type: "linear", factor } };
  if (type !== "yarn" || factor === undefined) return { rope_scaling: null };
  const given = optional("rope.scaling.attn_factor");
  const [fast, slow] = [
    optional("rope.scaling.yarn_beta_fast"),
    optional("rope.scaling.yarn_beta_slow"),
  ];
  return {
    rope_scaling: {
      ...{ rope_type: "yarn", factor },
      ...(original !== undefined && { original_max_position_embeddings: original }),
      ...(given !== undefined && { attention_factor: given * (0.1 * Math.log(factor) + 1) }),
      ...(fast !== undefined && { beta_fast: fast }),
      ...(slow !== undefined && { beta_slow: slow }),
    },
  };
}
