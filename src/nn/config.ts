import { ShapeError, showShape } from "../tensor/errors.ts";
import { sameShape, sizeOf } from "../tensor/shapes.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import type { AdapterLayers } from "./lora/layout.ts";
import { NORM_NAMES, type NormPlacement } from "./norms.ts";
import type { Rope, RopeScaling } from "./ropeScaling.ts";

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
  /** How rotary wavelengths are stretched for long sequences; null, not at all, by default. */
  readonly ropeScaling?: RopeScaling | null;
  /** Leading channels of each head that turn, even; all by default (Phi-4-mini: three quarters). */
  readonly rotaryChannels?: number;
  /** The wavelengths of sliding layers where they differ (Gemma 3); null by default. */
  readonly slidingRope?: Rope | null;
  /** Layers whose queries and keys turn; all by default (SmolLM3: three of four). */
  readonly ropeLayers?: readonly boolean[];
  /** Rotary positions, or a learned embedding for each (GPT-2). */
  readonly positions?: "rotary" | "learned";
  /** Tokens that a sliding layer sees, its own among them; null by default. */
  readonly window?: number | null;
  /** Which layers see the window alone; none by default. */
  readonly layerTypes?: readonly LayerType[];
  /** Of the norms; 1e-5 by default. */
  readonly epsilon?: number;
  /** RMSNorm times w, RMSNorm times 1 + w (Gemma), or LayerNorm with a bias (GPT-2). */
  readonly norm?: "rms" | "rmsOnePlus" | "layer";
  /** Norms before each branch, after it (OLMo 2), or both (Gemma). */
  readonly normPlacement?: NormPlacement;
  /** Queries and keys are normalised per head (Qwen3), or over their full width (OLMo 2). */
  readonly qkNorm?: false | "head" | "width";
  /** The head is the token embedding. */
  readonly tieEmbeddings?: boolean;
  /** Queries, keys and values have biases (Qwen2). */
  readonly qkvBias?: boolean;
  /** Attention's output has a bias. */
  readonly outputBias?: boolean;
  /** The feed-forward matrices have biases. */
  readonly mlpBias?: boolean;
  /** Of the feed-forward layer; gelu in its tanh form. */
  readonly activation?: "silu" | "gelu";
  /** The activated channels gate others; true by default (GPT-2: false). */
  readonly gated?: boolean;
  /** What query · key is multiplied with; headDim^-½ by default. */
  readonly attentionScale?: number;
  /** c of c · tanh(x / c), on scaled scores; null by default (Gemma 2: 50). */
  readonly attentionSoftcap?: number | null;
  /** The same on logits (Gemma 2: 30). */
  readonly logitSoftcap?: number | null;
  /** Multiplies embeddings (Gemma, Granite); 1 by default. */
  readonly embeddingScale?: number;
  /** Multiplies what each branch adds to the residual stream (Granite); 1 by default. */
  readonly residualScale?: number;
  /** Multiplies logits (Granite); 1 by default. */
  readonly logitScale?: number;
  /**
   * What the linear layers and the head are given: numbers as they are, or rounded to q8_0 as llama.cpp
   * rounds them for weights in q8_0, which the wasm engine then multiplies as integers in a few rows, as
   * in decoding. Each moves by at most 1/225 of the largest of its 32, and 4e-6; "float" by default.
   */
  readonly linearInputs?: "float" | "q8_0";
  /** How files hold the matrices: one by one, qkv and gate_up joined (Phi-3), or as GPT-2 does. */
  readonly storage?: "separate" | "fused" | "gpt2";
  /** Low-rank changes of modules, whose tensors stand beside the model's; none by default. */
  readonly adapter?: AdapterLayers;
  /** Adds a second embedding, of the previous token, to each position but the first. */
  readonly previousTokenEmbedding?: boolean;
  /**
   * Whether gradients compute each block again from what went into it, so that of a forward pass only
   * that is kept: far less memory for one more forward pass. Values and gradients stay the same; false
   * by default. @see checkpoint
   */
  readonly gradientCheckpointing?: boolean;
}

/** Whether a layer sees all earlier tokens or those of the window. */
export type LayerType = "full" | "sliding";

/** A config without gaps. */
export type FullConfig = Required<TransformerConfig>;

/** Weights by Hugging Face name; matrices are [out, in]. */
export type Params = { readonly [name: string]: Tensor };

/** Names of parameters, as in LlamaForCausalLM; other families' files are renamed to them. */
export const EMBEDDING = "model.embed_tokens.weight";
export const PREVIOUS_EMBEDDING = "model.embed_previous_tokens.weight";
export const POSITIONS = "model.embed_positions.weight";
export const FINAL_NORM = "model.norm";
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
    ...(config.positions === "learned" ? [[POSITIONS, [config.contextLength, width]]] : []),
    ...blocks.flat(),
    ...Object.entries(normShapes(config, FINAL_NORM, width)),
    ...(config.tieEmbeddings ? [] : [[HEAD, [vocabSize, width]]]),
  ]);
}

function blockShapes(config: FullConfig): { readonly [name: string]: Shape } {
  const { width, hidden, headDim, qkvBias, outputBias, mlpBias, qkNorm } = config;
  const [query, keyValue] = [config.heads * headDim, config.kvHeads * headDim];
  const { attention, mlp } = NORM_NAMES[config.normPlacement];
  const norm = (name: string | null) => (name === null ? {} : normShapes(config, name, width));
  const perHead = qkNorm === "head";
  return {
    ...norm(attention.before),
    "self_attn.q_proj.weight": [query, width],
    "self_attn.k_proj.weight": [keyValue, width],
    "self_attn.v_proj.weight": [keyValue, width],
    ...(qkvBias && {
      "self_attn.q_proj.bias": [query],
      "self_attn.k_proj.bias": [keyValue],
      "self_attn.v_proj.bias": [keyValue],
    }),
    ...(qkNorm && {
      ...normShapes(config, "self_attn.q_norm", perHead ? headDim : query),
      ...normShapes(config, "self_attn.k_norm", perHead ? headDim : keyValue),
    }),
    "self_attn.o_proj.weight": [width, query],
    ...(outputBias && { "self_attn.o_proj.bias": [width] }),
    ...norm(attention.after),
    ...norm(mlp.before),
    ...(config.gated && {
      "mlp.gate_proj.weight": [hidden, width],
      ...(mlpBias && { "mlp.gate_proj.bias": [hidden] }),
    }),
    "mlp.up_proj.weight": [hidden, width],
    ...(mlpBias && { "mlp.up_proj.bias": [hidden] }),
    "mlp.down_proj.weight": [width, hidden],
    ...(mlpBias && { "mlp.down_proj.bias": [width] }),
    ...norm(mlp.after),
  };
}

const normShapes = ({ norm }: FullConfig, name: string, size: number): Record<string, Shape> => ({
  [`${name}.weight`]: [size],
  ...(norm === "layer" && { [`${name}.bias`]: [size] }),
});

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

/** Parameters of a model: as many as the largest that were ever published, some times over. */
const MOST_PARAMETERS = 2 ** 43;

/** @throws RangeError for a model that no machine holds, before anything is made of it */
export function expectSize(shapes: Readonly<Record<string, readonly number[]>>): void {
  const count = Object.values(shapes).reduce((sum, shape) => sum + sizeOf(shape), 0);
  if (count > MOST_PARAMETERS)
    throw new RangeError(
      `transformer: expected at most ${MOST_PARAMETERS} parameters, got ${count.toPrecision(3)}`,
    );
}
