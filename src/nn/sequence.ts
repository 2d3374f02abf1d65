import { constant } from "../tensor/apply.ts";
import { at } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { causalAttention, rangeAttention } from "./attention.ts";
import type { FullConfig } from "./config.ts";
import type { Attention } from "./decoder.ts";
import type { Rotate } from "./rotation.ts";

/**
 * Attention over whole sequences: causal, within the window of sliding layers, and within segments.
 * Layers that see all of one segment need no ranges.
 * @param shape [B, T]
 * @param behind int [B, T], tokens of its segment behind each; null for one segment a row
 */
export function sequenceAttention(
  config: FullConfig,
  rotate: Rotate,
  [B, T]: readonly [B: number, T: number],
  behind: Tensor | null,
): Attention {
  const { attentionScale: scale, attentionSoftcap: softcap } = config;
  const slots = inOrder(B, T);
  const range = { slots, positions: behind ?? slots };
  return {
    attend(q, k, v, layer) {
      const window = windowOf(config, layer);
      const [turnedQ, turnedK] = [rotate(q, layer), rotate(k, layer)];
      const isPlain = !behind && softcap === null && (window ?? T) >= T;
      const mixed = isPlain
        ? causalAttention(turnedQ, turnedK, v, scale)
        : rangeAttention(turnedQ, turnedK, v, { ...range, window }, { scale, softcap });
      return [mixed, { keys: turnedK, values: v }];
    },
  };
}

/** How many tokens, its own among them, one of a layer sees at most; null for all. */
export const windowOf = ({ layerTypes, window }: FullConfig, layer: number): number | null =>
  at(layerTypes, layer) === "sliding" ? window : null;

/** int [B, T]: 0 … T−1 in each row. */
export const inOrder = (B: number, T: number): Tensor =>
  constant(
    Int32Array.from({ length: B * T }, (_, n) => n % T),
    [B, T],
  );
