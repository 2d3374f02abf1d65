import { describe, expect, test } from "vitest";
import { configOf } from "../../../src/nn/huggingFace/configOf.ts";
import { ggufKeys } from "../../../src/weights/gguf/keys.ts";

const config = {
  ...{ model_type: "qwen2", vocab_size: 6, hidden_size: 8, intermediate_size: 8 },
  ...{ num_hidden_layers: 1, num_attention_heads: 2, num_key_value_heads: 1 },
  ...{ max_position_embeddings: 128, rms_norm_eps: 1e-6, rope_theta: 1e6 },
};

/** What llama.cpp multiplies cosines and sines with: YaRN's own growth and the key's factor. */
const grows = (metadata: Readonly<Record<string, unknown>>, arch: string): number => {
  const number = (key: string, otherwise: number): number =>
    Number(metadata[`${arch}.rope.scaling.${key}`] ?? otherwise);
  const factor = number("factor", 1);
  return (1 + 0.1 * Math.log(factor)) * number("attn_factor", 1);
};

describe("yarn's growth of cosines and sines is the model's", () => {
  test.each<[string, object]>([
    ["by itself", { factor: 4 }],
    ["from the lengths", {}],
    ["as attention_factor says", { factor: 4, attention_factor: 1 }],
    ["as mscale and mscale_all_dim say", { factor: 4, mscale: 0.7, mscale_all_dim: 1 }],
    ["which mscale alone leaves as it is", { factor: 4, mscale: 0.7 }],
  ])("%s", (_, more) => {
    const scaling = { rope_type: "yarn", original_max_position_embeddings: 32, ...more };
    const json = { ...config, rope_scaling: scaling };
    const { metadata } = ggufKeys(json);
    const rope = configOf(json, "config.json").ropeScaling;
    const wanted = rope?.type === "yarn" ? rope.attentionFactor : NaN;
    expect(grows(metadata, "qwen2")).toBeCloseTo(wanted, 12);
    expect(metadata["qwen2.rope.scaling.factor"]).toBe(4);
  });
});
