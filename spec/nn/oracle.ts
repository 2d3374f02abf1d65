import type { FullConfig, Params } from "../../src/nn/config.ts";

/**
 * The decoder once more, for one sequence, in plain float64 loops over plain arrays: independent of
 * tensors, engines and the model's own code.
 */
export function oracleLogits(
  config: FullConfig,
  params: Params,
  tokens: readonly number[],
): number[][] {
  const get = (name: string): number[] => {
    const found = params[name];
    if (!found) throw new Error(`the oracle misses ${name}`);
    return [...found.data];
  };
  const row = (name: string, index: number, width: number): number[] =>
    get(name).slice(index * width, (index + 1) * width);
  const { width, heads, kvHeads, headDim, epsilon } = config;

  let stream = tokens.map((token, t) => {
    const own = row("model.embed_tokens.weight", token, width);
    if (!config.previousTokenEmbedding || t === 0) return own;
    const before = tokens[t - 1] as number;
    return plus(own, row("model.embed_previous_tokens.weight", before, width));
  });
  for (let layer = 0; layer < config.layers; layer++) {
    const at = (name: string) => get(`model.layers.${layer}.${name}`);
    const project = (x: number[], name: string, bias = false) => {
      const y = times(at(`${name}.weight`), x);
      return bias ? plus(y, at(`${name}.bias`)) : y;
    };
    const normed = stream.map((x) => normalise(x, at("input_layernorm.weight"), epsilon));
    const headsOf = (name: string, count: number) =>
      normed.map((x, t) => {
        const y = project(x, `self_attn.${name}_proj`, config.qkvBias);
        return Array.from({ length: count }, (_, h) => {
          const part = y.slice(h * headDim, (h + 1) * headDim);
          if (name === "v") return part;
          const gained = config.qkNorm
            ? normalise(part, at(`self_attn.${name}_norm.weight`), epsilon)
            : part;
          return rotate(gained, t, config.ropeTheta);
        });
      });
    const [q, k, v] = [headsOf("q", heads), headsOf("k", kvHeads), headsOf("v", kvHeads)];
    stream = stream.map((x, t) => {
      const mixed: number[] = [];
      for (let h = 0; h < heads; h++) {
        const shared = Math.floor(h / (heads / kvHeads));
        const scores: number[] = [];
        for (let s = 0; s <= t; s++)
          scores.push(dot(q[t]?.[h] ?? [], k[s]?.[shared] ?? []) / Math.sqrt(headDim));
        const weights = softmaxOf(scores);
        for (let d = 0; d < headDim; d++) {
          let sum = 0;
          for (let s = 0; s <= t; s++) sum += (weights[s] as number) * (v[s]?.[shared]?.[d] ?? 0);
          mixed.push(sum);
        }
      }
      return plus(x, project(mixed, "self_attn.o_proj"));
    });
    stream = stream.map((x) => {
      const y = normalise(x, at("post_attention_layernorm.weight"), epsilon);
      const up = project(y, "mlp.up_proj");
      const inner = project(y, "mlp.gate_proj").map(
        (gate, i) => (gate / (1 + Math.exp(-gate))) * (up[i] as number),
      );
      return plus(x, project(inner, "mlp.down_proj"));
    });
  }
  const head = get(config.tieEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight");
  return stream.map((x) => times(head, normalise(x, get("model.norm.weight"), epsilon)));
}

export function softmaxOf(scores: readonly number[]): number[] {
  const top = Math.max(...scores);
  const weights = scores.map((s) => Math.exp(s - top));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / total);
}

const plus = (a: readonly number[], b: readonly number[]): number[] =>
  a.map((x, i) => x + (b[i] as number));
const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);

/** A matrix [out, in], row-major, times a vector. */
function times(matrix: readonly number[], x: readonly number[]): number[] {
  const out: number[] = [];
  for (let from = 0; from < matrix.length; from += x.length)
    out.push(dot(x, matrix.slice(from, from + x.length)));
  return out;
}

function normalise(x: readonly number[], gain: readonly number[], epsilon: number): number[] {
  const rms = Math.sqrt(dot(x, x) / x.length + epsilon);
  return x.map((value, i) => (value / rms) * (gain[i] as number));
}

/** x·cos + rotateHalf(x)·sin, where rotateHalf((a, b)) = (−b, a), as Hugging Face writes it. */
function rotate(x: readonly number[], position: number, theta: number): number[] {
  const half = x.length / 2;
  return x.map((value, d) => {
    const angle = position / theta ** ((2 * (d % half)) / x.length);
    const turned = d < half ? -(x[d + half] as number) : (x[d - half] as number);
    return value * Math.cos(angle) + turned * Math.sin(angle);
  });
}
