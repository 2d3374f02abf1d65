import { add, gather, pad, reshape, slice } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { swapAxes } from "./attention.ts";
import {
  EMBEDDING,
  FINAL_NORM,
  type FullConfig,
  HEAD,
  type Params,
  PREVIOUS_EMBEDDING,
} from "./config.ts";
import { rmsNorm, swiglu } from "./functions.ts";
import { adaptedGather, adaptedLinear } from "./lora/apply.ts";

/** Keys and values of one layer, [B, G, S, D] each. */
export type KeyValue = { readonly keys: Tensor; readonly values: Tensor };

/** How queries, keys and values [B, heads, T, D] meet: over a whole sequence, or over a cache. */
export interface Attention {
  /** Turns heads by their positions. */
  rotate(x: Tensor): Tensor;
  /** @returns the mixed values [B, H, T, D], and what the layer remembers */
  attend(q: Tensor, k: Tensor, v: Tensor, layer: number): [mixed: Tensor, memory: KeyValue];
}

/**
 * Token embeddings, plus those of the previous tokens where the model has them.
 * @param tokens int [B, T], from the start of the sequences
 * @returns [B, T, C]
 */
export function embed(config: FullConfig, params: Params, tokens: Tensor): Tensor {
  const [B, T] = tokens.shape as [number, number];
  const h = lookUp(config, params, tokens); // [B, T, C]
  if (!config.previousTokenEmbedding || T === 1) return h;
  const previous = gather(weight(params, PREVIOUS_EMBEDDING), slice(tokens, [0, 0], [B, T - 1]));
  return add(h, pad(previous, [0, 1, 0], [0, 0, 0]));
}

/** The same for one token in the middle of each sequence: int [B] twice → [B, 1, C]. */
export function embedNext(
  config: FullConfig,
  params: Params,
  tokens: Tensor,
  previous: Tensor,
): Tensor {
  const h = lookUp(config, params, tokens); // [B, C]
  const both = config.previousTokenEmbedding
    ? add(h, gather(weight(params, PREVIOUS_EMBEDDING), previous))
    : h;
  return reshape(both, [h.shape[0] as number, 1, config.width]);
}

const lookUp = ({ adapter }: FullConfig, params: Params, tokens: Tensor): Tensor =>
  adaptedGather(adapter["model.embed_tokens"], params, tokens, weight(params, EMBEDDING));

/** All blocks: [B, T, C] → [B, T, C], and what each layer remembers. */
export function decode(
  config: FullConfig,
  params: Params,
  embedded: Tensor,
  attention: Attention,
): [hidden: Tensor, memory: readonly KeyValue[]] {
  let h = embedded;
  const memory: KeyValue[] = [];
  for (let layer = 0; layer < config.layers; layer++) {
    const block = blockOf(config, params, layer);
    const [mixed, keyValue] = selfAttention(block, h, attention);
    memory.push(keyValue);
    h = add(h, mixed);
    h = add(h, feedForward(block, h));
  }
  return [h, memory];
}

/** The functions of one block that own parameters. */
interface Block {
  readonly config: FullConfig;
  readonly layer: number;
  norm(name: string, x: Tensor): Tensor;
  project(name: string, x: Tensor): Tensor;
}

function blockOf(config: FullConfig, params: Params, layer: number): Block {
  const path = `model.layers.${layer}`;
  const at = (name: string) => params[`${path}.${name}`];
  return {
    config,
    layer,
    norm: (name, x) => rmsNorm(x, at(`${name}.weight`) as Tensor, config.epsilon),
    project: (name, x) => {
      const adapter = config.adapter[`${path}.${name}`];
      return adaptedLinear(adapter, params, x, at(`${name}.weight`) as Tensor, at(`${name}.bias`));
    },
  };
}

function selfAttention(block: Block, h: Tensor, attention: Attention): [Tensor, KeyValue] {
  const { config, layer, norm, project } = block;
  const x = norm("input_layernorm", h); // [B, T, C]
  const [B, T] = x.shape as [number, number];
  const heads = (name: string, count: number) =>
    reshape(project(`self_attn.${name}_proj`, x), [B, T, count, config.headDim]);
  const turned = (name: string, count: number) => {
    const y = heads(name, count);
    const normed = config.qkNorm ? norm(`self_attn.${name}_norm`, y) : y;
    return attention.rotate(swapAxes(normed)); // [B, count, T, D]
  };
  const q = turned("q", config.heads);
  const k = turned("k", config.kvHeads);
  const v = swapAxes(heads("v", config.kvHeads));
  const [mixed, keyValue] = attention.attend(q, k, v, layer);
  const joined = reshape(swapAxes(mixed), [B, T, config.heads * config.headDim]);
  return [project("self_attn.o_proj", joined), keyValue];
}

function feedForward({ norm, project }: Block, h: Tensor): Tensor {
  const x = norm("post_attention_layernorm", h);
  return project("mlp.down_proj", swiglu(project("mlp.gate_proj", x), project("mlp.up_proj", x)));
}

/** Hidden states → logits: [..., C] → [..., V]. */
export function readOut(config: FullConfig, params: Params, hidden: Tensor): Tensor {
  const normed = rmsNorm(hidden, weight(params, FINAL_NORM), config.epsilon);
  const head = weight(params, config.tieEmbeddings ? EMBEDDING : HEAD);
  return adaptedLinear(config.adapter["lm_head"], params, normed, head);
}

const weight = (params: Params, name: string): Tensor => params[name] as Tensor;
