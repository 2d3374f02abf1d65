/** An architecture, as llama.cpp names it. */
export type Architecture =
  | "llama"
  | "qwen2"
  | "qwen3"
  | "olmo2"
  | "granite"
  | "smollm3"
  | "phi3"
  | "gemma2"
  | "gemma3"
  | "gpt2";

/** Names of a layer's parts, Hugging Face's and llama.cpp's, without `.weight` and `.bias`. */
type Rows = Readonly<Record<string, string>>;

const projections: Rows = {
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.o_proj": "attn_output",
  "self_attn.q_norm": "attn_q_norm",
  "self_attn.k_norm": "attn_k_norm",
  "mlp.gate_proj": "ffn_gate",
  "mlp.up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
};
/** A norm before attention and one before the MLP. */
const before: Rows = {
  ...projections,
  input_layernorm: "attn_norm",
  post_attention_layernorm: "ffn_norm",
};
const around: Rows = {
  ...projections,
  input_layernorm: "attn_norm",
  post_attention_layernorm: "post_attention_norm",
  pre_feedforward_layernorm: "ffn_norm",
  post_feedforward_layernorm: "post_ffw_norm",
};

const layers: Readonly<Record<Architecture, Rows>> = {
  llama: before,
  qwen2: before,
  qwen3: before,
  granite: before,
  smollm3: before,
  phi3: { ...before, "self_attn.qkv_proj": "attn_qkv", "mlp.gate_up_proj": "ffn_up" },
  olmo2: {
    ...projections,
    post_attention_layernorm: "post_attention_norm",
    post_feedforward_layernorm: "post_ffw_norm",
  },
  gemma2: around,
  gemma3: around,
  gpt2: {
    ln_1: "attn_norm",
    ln_2: "ffn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
  },
};

const whole: Rows = {
  "model.embed_tokens": "token_embd",
  "model.norm": "output_norm",
  lm_head: "output",
};
const wholeGpt2: Rows = {
  wte: "token_embd",
  wpe: "position_embd",
  ln_f: "output_norm",
  lm_head: "output",
};

/**
 * llama.cpp's name of a tensor.
 * @example ggufName("model.layers.3.self_attn.q_proj.weight", "llama") // "blk.3.attn_q.weight"
 * @returns undefined for what llama.cpp does not have
 */
export function ggufName(name: string, arch: Architecture): string | undefined {
  const [, stem = "", kind = ""] = /^(.*)\.(weight|bias)$/.exec(name) ?? [];
  const bare = arch === "gpt2" ? stem.replace(/^transformer\./, "") : stem;
  const [, layer, part = ""] = /^(?:model\.layers|h)\.(\d+)\.(.*)$/.exec(bare) ?? [];
  if (layer === undefined) return suffixed(arch === "gpt2" ? wholeGpt2 : whole, bare, kind);
  const own = suffixed(layers[arch], part, kind);
  return own && `blk.${layer}.${own}`;
}

/**
 * Hugging Face's name of a tensor of a GGUF file.
 * @returns undefined for what a checkpoint does not have, such as `rope_freqs.weight`
 */
export function huggingFaceName(name: string, arch: Architecture): string | undefined {
  const [, stem = "", kind = ""] = /^(.*)\.(weight|bias)$/.exec(name) ?? [];
  const [, layer, part = ""] = /^blk\.(\d+)\.(.*)$/.exec(stem) ?? [];
  if (layer === undefined)
    return suffixed(inverse(arch === "gpt2" ? wholeGpt2 : whole), stem, kind);
  const own = suffixed(inverse(layers[arch]), part, kind);
  return own && `${arch === "gpt2" ? "h" : "model.layers"}.${layer}.${own}`;
}

const suffixed = (rows: Rows, stem: string, kind: string): string | undefined => {
  const own = Object.hasOwn(rows, stem) ? rows[stem] : undefined;
  return own && `${own}.${kind}`;
};

/** The other way round; of two names of one part the later one, which is the fused one of Phi-3. */
const inverse = (rows: Rows): Rows =>
  Object.fromEntries(Object.entries(rows).map(([a, b]) => [b, a]));

export const isArchitecture = (name: unknown): name is Architecture =>
  typeof name === "string" && Object.hasOwn(layers, name);

export const architectures = (): readonly string[] => Object.keys(layers);

/** Buffers that old checkpoints hold besides their parameters: made anew from the config. */
export const isBuffer = (name: string): boolean =>
  /(^|\.)h\.\d+\.attn\.(bias|masked_bias)$/.test(name) || name.endsWith("rotary_emb.inv_freq");
