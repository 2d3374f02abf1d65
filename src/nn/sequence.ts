import { constant } from "../tensor/apply.ts";
import { add, mul, reshape } from "../tensor/ops.ts";
import { at } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { biasedAttention, causalAttention } from "./attention.ts";
import type { FullConfig, LayerType } from "./config.ts";
import type { Attention } from "./decoder.ts";
import { areApart } from "./layout.ts";
import type { Rotate } from "./rotation.ts";

/** Added to a score that shall not count: finite, so that no engine meets ∞ − ∞; e to it is 0. */
export const HIDDEN = -1e30;

/**
 * Attention over whole sequences: causal, within the window of sliding layers, and within equal
 * segments. Layers that see all of one segment use the fused primitive.
 * @param shape [B, T]
 * @param segments int [B, T]; null for one a row
 */
export function sequenceAttention(
  config: FullConfig,
  rotate: Rotate,
  T: number,
  segments: Tensor | null,
): Attention {
  const { attentionScale: scale, attentionSoftcap: softcap, layerTypes } = config;
  const apart = segments && reshape(mul(areApart(segments), HIDDEN), [-1, 1, T, T]);
  const biases: { [type in LayerType]?: Tensor } = {};
  const biasOf = (type: LayerType): Tensor => {
    const triangle = causalBias(T, visible(config, type, T));
    const bias = biases[type] ?? (apart ? add(apart, triangle) : triangle);
    biases[type] = bias;
    return bias;
  };
  return {
    attend(q, k, v, layer) {
      const type = at(layerTypes, layer);
      const [turnedQ, turnedK] = [rotate(q, layer), rotate(k, layer)];
      const isPlain = !apart && softcap === null && visible(config, type, T) >= T;
      const mixed = isPlain
        ? causalAttention(turnedQ, turnedK, v, scale)
        : biasedAttention(turnedQ, turnedK, v, biasOf(type), { scale, softcap });
      return [mixed, { keys: turnedK, values: v }];
    },
  };
}

/** How many tokens, its own among them, a token sees at most. */
export const visible = ({ window }: FullConfig, type: LayerType, all: number): number =>
  type === "sliding" && window !== null ? window : all;

/** How many tokens, its own among them, one of a layer sees at most; null for all. */
export const windowOf = ({ layerTypes, window }: FullConfig, layer: number): number | null =>
  at(layerTypes, layer) === "sliding" ? window : null;

/** 0 where query t sees key s: t − window < s ≤ t; [T, T]. */
function causalBias(T: number, window: number): Tensor {
  const numbers = new Float64Array(T * T).fill(HIDDEN);
  for (let t = 0; t < T; t++) numbers.fill(0, t * T + Math.max(0, t - window + 1), t * T + t + 1);
  return constant(numbers, [T, T]);
}
