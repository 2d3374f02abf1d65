import { describe, expect, test } from "vitest";
import {
  configOf,
  type LoadedParams,
  type Params,
  paramsFrom,
  transformer,
} from "../../../src/nn/index.ts";
import { full, ids } from "../../../src/tensor/apply.ts";
import { testEngine } from "../../testEngine.ts";
import { absent, apart, checkpoint, checkpoints, reason } from "./checkpoints.ts";

const engine = await testEngine();

type Mistake = (right: LoadedParams) => Pick<LoadedParams, "config" | "params">;

const other =
  (changes: Partial<LoadedParams["config"]>): Mistake =>
  ({ config, params }) => ({ config: { ...config, ...changes }, params });
const refilled =
  (pattern: RegExp, value: number): Mistake =>
  ({ config, params }) => ({
    config,
    params: Object.fromEntries(
      Object.entries(params).map(([name, x]) => [
        name,
        pattern.test(name) ? full(x.shape, value) : x,
      ]),
    ),
  });
const everywhere = (type: "full" | "sliding", window: number | null): Mistake =>
  ((right) =>
    other({ window, layerTypes: (right.config.layerTypes ?? []).map(() => type) })(
      right,
    )) satisfies Mistake;
const unscaled = other({ ropeScaling: null });
const withoutNorms: Mistake = ({ config, params }) => ({
  config: { ...config, qkNorm: false },
  params: Object.fromEntries(
    Object.entries(params).filter(([name]) => !/[qk]_norm/.test(name)),
  ) as Params,
});

/** The mistakes that the references record, made on purpose. */
const mistakes: Readonly<Record<string, Readonly<Record<string, Mistake>>>> = {
  gemma2: {
    "no attention softcap": other({ attentionSoftcap: null }),
    "no final softcap": other({ logitSoftcap: null }),
    "scale 1/sqrt(head_dim)": other({ attentionScale: 1 / 4 }),
  },
  "gemma3-text": {
    "local rope = global rope": other({ slidingRope: { theta: 1e6, scaling: null } }),
    "rope_scaling ignored": unscaled,
    "pattern 6": everywhere("sliding", 8),
    "norm without 1+w": other({ norm: "rms" }),
    "no embedding scale": other({ embeddingScale: 1 }),
  },
  gpt2: { "layer_norm_epsilon=1e-6": other({ epsilon: 1e-6 }) },
  granite: {
    "attention_multiplier ignored": other({ attentionScale: 8 ** -0.5 }),
    "residual_multiplier ignored": other({ residualScale: 1 }),
  },
  "llama-bias-headdim": { "biases zero": refilled(/bias$/, 0) },
  "llama-rope-dynamic": { "no rope_scaling": unscaled },
  "llama-rope-linear": { "no rope_scaling": unscaled },
  "llama-smollm2": {
    "rope_theta=10000": other({ ropeTheta: 10000 }),
    "rms_norm_eps=1e-6": other({ epsilon: 1e-6 }),
  },
  "llama3.1-sharded": { "no rope_scaling": unscaled },
  "llama3.2-tied": {
    "no rope_scaling": unscaled,
    "linear instead of llama3": other({ ropeScaling: { type: "linear", factor: 32 } }),
    "original_max=max_position": ({ config, params }) => {
      const { ropeScaling } = config;
      if (ropeScaling?.type !== "llama3") throw new Error("not llama3");
      return {
        config: { ...config, ropeScaling: { ...ropeScaling, originalLength: 1024 } },
        params,
      };
    },
  },
  "mistral-sliding": {
    "sliding_window ignored": everywhere("full", null),
    "window off by one (9)": other({ window: 9 }),
  },
  "phi3-mini": { "sliding_window ignored": everywhere("full", null) },
  "phi4-mini": { "rope_scaling ignored": unscaled },
  "qwen2-sliding": {
    "full attention everywhere": everywhere("full", null),
    "sliding on all layers": everywhere("sliding", 8),
  },
  "qwen2-tied": {
    "biases zero": refilled(/bias$/, 0),
    "sliding window honoured although use_sliding_window is false": other({
      window: 8,
      layerTypes: ["full", "sliding", "sliding"],
    }),
    "rms_norm_eps=1e-5": other({ epsilon: 1e-5 }),
  },
  "qwen2-yarn": {
    "no rope_scaling": unscaled,
    "attention_factor=1": ({ config, params }) => {
      const { ropeScaling } = config;
      if (ropeScaling?.type !== "yarn") throw new Error("not yarn");
      return { config: { ...config, ropeScaling: { ...ropeScaling, attentionFactor: 1 } }, params };
    },
  },
  "qwen3-tied": {
    "q/k norms skipped": withoutNorms,
    "q/k norm weights = 1": refilled(/[qk]_norm.weight$/, 1),
  },
  smollm3: { "rope on every layer": other({ ropeLayers: [true, true, true, true] }) },
};

/** The tanh form is the only GELU here: the other one cannot be had by mistake. */
const IMPOSSIBLE = "exact gelu";

describe.each(checkpoints)("mistakes with %s", (name) => {
  const it = checkpoint(name);
  const recorded = Object.entries(it.reference.mutants_max_abs_logit_change);
  const made = recorded.filter(([mistake]) => mistake !== IMPOSSIBLE);

  test.runIf(made.length > 0)("move logits as far as they do in the original", async () => {
    const right = await paramsFrom(configOf(it.json("config.json"), it.path), await it.weights());
    const logits = async ({ config, params }: Pick<LoadedParams, "config" | "params">) => {
      const model = transformer(config);
      const { data } = await engine.run(() => model.apply(params, ids(it.reference.input_ids)));
      return data;
    };
    // Which the right model gives to nine digits.
    const { data: truth } = await (await it.numbers()).read("logits64");
    for (const [mistake, change] of made) {
      const wrong = mistakes[name]?.[mistake];
      if (!wrong) throw new Error(`${name}: ${mistake} is not made`);
      const moved = apart(await logits(wrong(right)), truth);
      expect(moved, mistake).toBeGreaterThan(1e-4);
      expect(Math.abs(moved / change - 1), `${mistake}: ${moved} ${change}`).toBeLessThan(0.01);
    }
  });
});

// A file without a test is a fault to Vitest.
if (absent) test.skip(`mistakes with reference checkpoints${reason}`);
