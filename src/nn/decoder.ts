import { add, cast, gather, less, mul, pad, reshape, slice, toFloat } from "../tensor/ops.ts";
import { checkpoint } from "../tensor/recompute.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { softcapped, swapAxes } from "./attention.ts";
import {
  EMBEDDING,
  FINAL_NORM,
  type FullConfig,
  HEAD,
  type Params,
  POSITIONS,
  PREVIOUS_EMBEDDING,
} from "./config.ts";
import { gelu, sigmoid, swiglu } from "./functions.ts";
import { adaptedGather, adaptedLinear } from "./lora/apply.ts";
import { NORM_NAMES, NORMS } from "./norms.ts";

/** Keys and values of one layer, [B, G, S, D] each. */
export type KeyValue = { readonly keys: Tensor; readonly values: Tensor };

/** How queries, keys and values [B, heads, T, D] meet: over a whole sequence, or over a cache. */
export interface Attention {
  /**
   * Turns queries and keys by their positions and mixes values.
   * @returns the mixed values [B, H, T, D], and what the layer remembers
   */
  attend(q: Tensor, k: Tensor, v: Tensor, layer: number): [mixed: Tensor, memory: KeyValue];
}

/**
 * Token embeddings, plus those of the previous tokens and of the positions where the model has them.
 * @param tokens int [B, T]
 * @param positions int [B, T]; 0 … T−1 by default. A token at 0 has none before it
 * @returns [B, T, C]
 */
export function embed(
  config: FullConfig,
  params: Params,
  tokens: Tensor,
  positions?: Tensor,
): Tensor {
  const [B, T] = tokens.shape as [number, number];
  const own = lookUp(config, params, tokens); // [B, T, C]
  let h = scaled(own, config.embeddingScale);
  if (config.previousTokenEmbedding && T > 1) {
    const previous = gather(weight(params, PREVIOUS_EMBEDDING), slice(tokens, [0, 0], [B, T - 1]));
    const shifted = pad(previous, [0, 1, 0], [0, 0, 0]);
    h = add(h, positions ? mul(shifted, isAfterFirst(positions)) : shifted);
  }
  if (config.positions === "rotary") return h;
  const table = weight(params, POSITIONS);
  return add(h, positions ? gather(table, positions) : slice(table, [0, 0], [T, config.width]));
}

const lookUp = ({ adapter }: FullConfig, params: Params, tokens: Tensor): Tensor =>
  adaptedGather(adapter["model.embed_tokens"], params, tokens, weight(params, EMBEDDING));

/** 1 where a position is not 0: int [B, T] → [B, T, 1]. */
const isAfterFirst = (positions: Tensor): Tensor =>
  reshape(less(0, toFloat(positions)), [...positions.shape, 1]);

/** The same for tokens anywhere in each sequence: int [B, T] thrice → [B, T, C]. */
export function embedNext(
  config: FullConfig,
  params: Params,
  tokens: Tensor,
  previous: Tensor,
  positions: Tensor,
): Tensor {
  let h = scaled(lookUp(config, params, tokens), config.embeddingScale);
  if (config.previousTokenEmbedding) {
    const before = gather(weight(params, PREVIOUS_EMBEDDING), previous);
    h = add(h, mul(before, isAfterFirst(positions)));
  }
  return config.positions === "learned" ? add(h, gather(weight(params, POSITIONS), positions)) : h;
}

/**
 * All blocks: [B, T, C] → [B, T, C], and what each layer remembers.
 * @param isRecomputed whether gradients keep what goes into each block alone
 */
export function decode(
  config: FullConfig,
  params: Params,
  embedded: Tensor,
  attention: Attention,
  isRecomputed = false,
): [hidden: Tensor, memory: readonly KeyValue[]] {
  let h = embedded;
  const memory: KeyValue[] = [];
  for (let layer = 0; layer < config.layers; layer++) {
    const through = (x: Tensor) => throughBlock(blockOf(config, params, layer), x, attention);
    const [next, keyValue] = (isRecomputed ? checkpoint(through) : through)(h);
    memory.push(keyValue);
    h = next;
  }
  return [h, memory];
}

function throughBlock(block: Block, x: Tensor, attention: Attention): [Tensor, KeyValue] {
  const { normPlacement, residualScale } = block.config;
  const { attention: attentionNorms, mlp: mlpNorms } = NORM_NAMES[normPlacement];
  const [mixed, keyValue] = selfAttention(block, block.norm(attentionNorms.before, x), attention);
  const h = add(x, scaled(block.norm(attentionNorms.after, mixed), residualScale));
  const fed = feedForward(block, block.norm(mlpNorms.before, h));
  return [add(h, scaled(block.norm(mlpNorms.after, fed), residualScale)), keyValue];
}

const scaled = (x: Tensor, by: number): Tensor => (by === 1 ? x : mul(x, by));

/** The functions of one block that own parameters. */
interface Block {
  readonly config: FullConfig;
  readonly layer: number;
  /** The identity where a block has no such norm. */
  norm(name: string | null, x: Tensor): Tensor;
  project(name: string, x: Tensor): Tensor;
}

function blockOf(config: FullConfig, params: Params, layer: number): Block {
  const prefix = `model.layers.${layer}.`;
  return {
    config,
    layer,
    norm: (name, x) => (name === null ? x : normalise(config, params, prefix + name, x)),
    project: (name, x) => {
      const adapter = config.adapter[prefix + name];
      const bias = biasOf(params, `${prefix}${name}.bias`);
      const given = inputOf(config, x);
      return adaptedLinear(adapter, params, given, weight(params, `${prefix}${name}.weight`), bias);
    },
  };
}

/** What a linear layer is given. */
const inputOf = ({ linearInputs }: FullConfig, x: Tensor): Tensor =>
  cast(cast(x, linearInputs), "float");

const normalise = (config: FullConfig, params: Params, name: string, x: Tensor): Tensor =>
  NORMS[config.norm](
    ...([x, weight(params, `${name}.weight`), biasOf(params, `${name}.bias`)] as const),
    config.epsilon,
  );

function selfAttention(block: Block, x: Tensor, attention: Attention): [Tensor, KeyValue] {
  const { config, layer, norm, project } = block;
  const [B, T] = x.shape as [number, number];
  const normIf = (kind: FullConfig["qkNorm"], name: string, y: Tensor) =>
    config.qkNorm === kind && name !== "v" ? norm(`self_attn.${name}_norm`, y) : y;
  const heads = (name: string, count: number) => {
    const whole = normIf("width", name, project(`self_attn.${name}_proj`, x));
    const cut = reshape(whole, [B, T, count, config.headDim]);
    return swapAxes(normIf("head", name, cut)); // [B, count, T, D]
  };
  const q = heads("q", config.heads);
  const k = heads("k", config.kvHeads);
  const v = heads("v", config.kvHeads);
  const [mixed, keyValue] = attention.attend(q, k, v, layer);
  const joined = reshape(swapAxes(mixed), [B, T, config.heads * config.headDim]);
  return [project("self_attn.o_proj", joined), keyValue];
}

function feedForward({ config, project }: Block, x: Tensor): Tensor {
  const activate = ACTIVATIONS[config.activation];
  const inner = config.gated
    ? activate.gated(project("mlp.gate_proj", x), project("mlp.up_proj", x))
    : activate.plain(project("mlp.up_proj", x));
  return project("mlp.down_proj", inner);
}

/** What the feed-forward layer does between its matrices, with a gate and without. */
const ACTIVATIONS = {
  silu: { gated: swiglu, plain: (x: Tensor) => mul(x, sigmoid(x)) },
  gelu: { gated: (gate: Tensor, up: Tensor) => mul(gelu(gate), up), plain: gelu },
};

/** The last norm: [..., C] → [..., C]. */
export const finalNorm = (config: FullConfig, params: Params, hidden: Tensor): Tensor =>
  normalise(config, params, FINAL_NORM, hidden);

/** Normed hidden states → logits: [..., C] → [..., V]. */
export function head(config: FullConfig, params: Params, normed: Tensor): Tensor {
  const matrix = weight(params, config.tieEmbeddings ? EMBEDDING : HEAD);
  const logits = adaptedLinear(config.adapter["lm_head"], params, inputOf(config, normed), matrix);
  return softcapped(scaled(logits, config.logitScale), config.logitSoftcap);
}

const biasOf = (params: Params, name: string): Tensor | undefined =>
  params[name] && cast(params[name], "float");

/** As floats; `expectParams` has seen that it is there. */
const weight = (params: Params, name: string): Tensor => cast(params[name] as Tensor, "float");
