import { ShapeError, showShape } from "../tensor/errors.ts";
import { sameShape } from "../tensor/shapes.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import type { AdapterLayers } from "./lora/layout.ts";

/** What a decoder of Llama's kind looks like. */
export interface TransformerConfig {
  readonly vocabSize: number;
  /** The longest sequence, tokens. */
  readonly contextLength: number;
  /** Number of blocks. */
  readonly layers: number;
  /** Query heads. */
  readonly heads: number;
  /** Key/value heads, a divisor of heads; heads by default. */
  readonly kvHeads?: number;
  /** Channels of the residual stream. */
  readonly width: number;
  /** Channels inside the feed-forward layer; 8/3 · width, rounded up to a multiple of 8, by default. */
  readonly hidden?: number;
  /** Channels of a head, even; width / heads by default. */
  readonly headDim?: number;
  /** Base of the rotary position embedding's wavelengths; 10000 by default. */
  readonly ropeTheta?: number;
  /** Of RMSNorm; 1e-5 by default. */
  readonly epsilon?: number;
  /** The head is the token embedding. */
  readonly tieEmbeddings?: boolean;
  /** Queries, keys and values have biases (Qwen2). */
  readonly qkvBias?: boolean;
  /** Queries and keys are normalised per head (Qwen3). */
  readonly qkNorm?: boolean;
  /** Adds a second embedding, of the previous token, to each position but the first. */
  readonly previousTokenEmbedding?: boolean;
  /** Low-rank changes of modules, whose tensors stand beside the model's; none by default. */
  readonly adapter?: AdapterLayers;
}

/** A config without gaps. */
export type FullConfig = Required<TransformerConfig>;

/** Weights by Hugging Face name; matrices are [out, in]. */
export type Params = { readonly [name: string]: Tensor };

/** Fills in defaults. @throws RangeError that names what cannot be */
export function completeConfig(config: TransformerConfig): FullConfig {
  const { width, heads } = config;
  const full: FullConfig = {
    kvHeads: heads,
    hidden: 8 * Math.ceil(width / 3),
    headDim: width / heads,
    ropeTheta: 10000,
    epsilon: 1e-5,
    tieEmbeddings: false,
    qkvBias: false,
    qkNorm: false,
    previousTokenEmbedding: false,
    adapter: {},
    ...config,
  };
  for (const name of SIZES) {
    const size = full[name];
    const hint = name === "headDim" ? " (width / heads unless given)" : "";
    if (!(Number.isInteger(size) && size > 0))
      throw new RangeError(
        `transformer: expected ${name}${hint} to be a positive integer, got ${size}`,
      );
  }
  if (full.heads % full.kvHeads !== 0)
    throw new RangeError(
      `transformer: expected kvHeads to divide heads ${full.heads}, got ${full.kvHeads}`,
    );
  if (full.headDim % 2 !== 0)
    throw new RangeError(`transformer: expected an even headDim, got ${full.headDim}`);
  if (!(full.ropeTheta > 0))
    throw new RangeError(`transformer: expected ropeTheta > 0, got ${full.ropeTheta}`);
  if (!(full.epsilon >= 0))
    throw new RangeError(`transformer: expected epsilon ≥ 0, got ${full.epsilon}`);
  return Object.freeze(full);
}

const SIZES = [
  "vocabSize",
  "contextLength",
  "layers",
  "width",
  "heads",
  "kvHeads",
  "headDim",
  "hidden",
] as const;

/** Names of parameters, as in LlamaForCausalLM, Qwen2ForCausalLM and Qwen3ForCausalLM. */
export const EMBEDDING = "model.embed_tokens.weight";
export const PREVIOUS_EMBEDDING = "model.embed_previous_tokens.weight";
export const FINAL_NORM = "model.norm.weight";
export const HEAD = "lm_head.weight";

/** Name and shape of every parameter, in the order of the forward pass. */
export function parameterShapes(config: FullConfig): { readonly [name: string]: Shape } {
  const { vocabSize, width } = config;
  const blocks = Array.from({ length: config.layers }, (_, layer) =>
    Object.entries(blockShapes(config)).map(([name, shape]) => [
      `model.layers.${layer}.${name}`,
      shape,
    ]),
  );
  return Object.fromEntries([
    [EMBEDDING, [vocabSize, width]],
    ...(config.previousTokenEmbedding ? [[PREVIOUS_EMBEDDING, [vocabSize, width]]] : []),
    ...blocks.flat(),
    [FINAL_NORM, [width]],
    ...(config.tieEmbeddings ? [] : [[HEAD, [vocabSize, width]]]),
  ]);
}

function blockShapes(config: FullConfig): { readonly [name: string]: Shape } {
  const { width, hidden, headDim, qkvBias, qkNorm } = config;
  const [query, keyValue] = [config.heads * headDim, config.kvHeads * headDim];
  return {
    "input_layernorm.weight": [width],
    "self_attn.q_proj.weight": [query, width],
    "self_attn.k_proj.weight": [keyValue, width],
    "self_attn.v_proj.weight": [keyValue, width],
    ...(qkvBias && {
      "self_attn.q_proj.bias": [query],
      "self_attn.k_proj.bias": [keyValue],
      "self_attn.v_proj.bias": [keyValue],
    }),
    ...(qkNorm && {
      "self_attn.q_norm.weight": [headDim],
      "self_attn.k_norm.weight": [headDim],
    }),
    "self_attn.o_proj.weight": [width, query],
    "post_attention_layernorm.weight": [width],
    "mlp.gate_proj.weight": [hidden, width],
    "mlp.up_proj.weight": [hidden, width],
    "mlp.down_proj.weight": [width, hidden],
  };
}

/**
 * Checks that a record holds exactly a model's parameters.
 * @throws TypeError for a missing or unknown name, ShapeError for a shape; both name the parameter
 */
export function expectParams(shapes: { readonly [name: string]: Shape }, params: Params): void {
  for (const [name, shape] of Object.entries(shapes)) {
    const param = params[name];
    if (!param)
      throw new TypeError(`transformer: expected parameter ${name} ${showShape(shape)}, got none`);
    if (!sameShape(param.shape, shape))
      throw new ShapeError("transformer", `parameter ${name} ${showShape(shape)}`, [param.shape]);
  }
  const unknown = Object.keys(params).find((name) => !(name in shapes));
  if (unknown !== undefined)
    throw new TypeError(`transformer: expected no parameter ${unknown} with this config, got one`);
}
