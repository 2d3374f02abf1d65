import type { FullConfig, Params } from "../../src/nn/config.ts";
import type { RopeScaling } from "../../src/nn/ropeScaling.ts";

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
  const { width, heads, kvHeads, headDim } = config;
  const T = tokens.length;
  const layerNames = {
    pre: ["input", null, "post_attention", null],
    post: [null, "post_attention", null, "post_feedforward"],
    sandwich: ["input", "post_attention", "pre_feedforward", "post_feedforward"],
  }[config.normPlacement];
  const normed = (x: number[], name: string): number[] =>
    normalise(config, x, get(`${name}.weight`), params[`${name}.bias`]?.data);

  let stream = tokens.map((token, t) => {
    let x = row("model.embed_tokens.weight", token, width).map((e) => e * config.embeddingScale);
    if (config.previousTokenEmbedding && t > 0)
      x = plus(x, row("model.embed_previous_tokens.weight", tokens[t - 1] as number, width));
    if (config.positions === "learned") x = plus(x, row("model.embed_positions.weight", t, width));
    return x;
  });
  for (let layer = 0; layer < config.layers; layer++) {
    const prefix = `model.layers.${layer}.`;
    const project = (x: number[], name: string, bias: boolean) => {
      const y = times(get(`${prefix}${name}.weight`), x);
      return bias ? plus(y, get(`${prefix}${name}.bias`)) : y;
    };
    const maybe = (x: number[], place: number): number[] => {
      const name = layerNames[place];
      return name ? normed(x, `${prefix}${name}_layernorm`) : x;
    };
    const slides = config.layerTypes[layer] === "sliding";
    const turn = turnOf(config, slides, config.ropeLayers[layer] === true, T);
    const inputs = stream.map((x) => maybe(x, 0));
    const headsOf = (name: string, count: number) =>
      inputs.map((x, t) => {
        let y = project(x, `self_attn.${name}_proj`, config.qkvBias);
        const gain = `${prefix}self_attn.${name}_norm`;
        if (name !== "v" && config.qkNorm === "width") y = normed(y, gain);
        return Array.from({ length: count }, (_, h) => {
          const part = y.slice(h * headDim, (h + 1) * headDim);
          if (name === "v") return part;
          return turn(config.qkNorm === "head" ? normed(part, gain) : part, t);
        });
      });
    const [q, k, v] = [headsOf("q", heads), headsOf("k", kvHeads), headsOf("v", kvHeads)];
    stream = stream.map((x, t) => {
      const mixed: number[] = [];
      const first = slides ? Math.max(0, t + 1 - (config.window ?? T)) : 0;
      for (let h = 0; h < heads; h++) {
        const shared = Math.floor(h / (heads / kvHeads));
        const scores: number[] = [];
        for (let s = first; s <= t; s++) {
          const score = dot(q[t]?.[h] ?? [], k[s]?.[shared] ?? []) * config.attentionScale;
          scores.push(capped(score, config.attentionSoftcap));
        }
        const weights = softmaxOf(scores);
        for (let d = 0; d < headDim; d++) {
          let sum = 0;
          for (let s = first; s <= t; s++)
            sum += (weights[s - first] as number) * (v[s]?.[shared]?.[d] ?? 0);
          mixed.push(sum);
        }
      }
      const y = maybe(project(mixed, "self_attn.o_proj", config.outputBias), 1);
      return plus(
        x,
        y.map((e) => e * config.residualScale),
      );
    });
    stream = stream.map((x) => {
      const z = maybe(x, 2);
      const up = project(z, "mlp.up_proj", config.mlpBias);
      const act = (a: number) => (config.activation === "silu" ? a / (1 + Math.exp(-a)) : gelu(a));
      const inner = config.gated
        ? project(z, "mlp.gate_proj", config.mlpBias).map((g, i) => act(g) * (up[i] as number))
        : up.map(act);
      const y = maybe(project(inner, "mlp.down_proj", config.mlpBias), 3);
      return plus(
        x,
        y.map((e) => e * config.residualScale),
      );
    });
  }
  const head = get(config.tieEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight");
  return stream.map((x) =>
    times(head, normed(x, "model.norm")).map((z) =>
      capped(z * config.logitScale, config.logitSoftcap),
    ),
  );
}

const capped = (x: number, cap: number | null): number =>
  cap === null ? x : cap * Math.tanh(x / cap);

const gelu = (x: number): number =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

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

function normalise(
  { norm, epsilon }: FullConfig,
  x: readonly number[],
  gain: readonly number[],
  bias: ArrayLike<number> = [],
): number[] {
  const centre = norm === "layer" ? x.reduce((a, b) => a + b, 0) / x.length : 0;
  const moved = x.map((value) => value - centre);
  const size = Math.sqrt(dot(moved, moved) / x.length + epsilon);
  const one = norm === "rmsOnePlus" ? 1 : 0;
  return moved.map((value, i) => (value / size) * (one + (gain[i] as number)) + (bias[i] ?? 0));
}

/** How a layer turns a head at a position of a sequence of T tokens. */
function turnOf(
  config: FullConfig,
  slides: boolean,
  turns: boolean,
  T: number,
): (x: readonly number[], position: number) => number[] {
  if (config.positions === "learned" || !turns) return (x) => [...x];
  const own = slides ? config.slidingRope : null;
  const d = config.rotaryChannels;
  const theta = own ? own.theta : config.ropeTheta;
  const scaling = own ? own.scaling : config.ropeScaling;
  return (x, position) => [...rotate(x.slice(0, d), position, theta, scaling, T), ...x.slice(d)];
}

/** x·cos + rotateHalf(x)·sin, where rotateHalf((a, b)) = (−b, a), as Hugging Face writes it. */
function rotate(
  x: readonly number[],
  position: number,
  theta: number,
  scaling: RopeScaling | null,
  T: number,
): number[] {
  const half = x.length / 2;
  const size = scaling && "attentionFactor" in scaling ? scaling.attentionFactor : 1;
  return x.map((value, d) => {
    const angle = position / period(d % half, x.length, theta, scaling, T);
    const turned = d < half ? -(x[d + half] as number) : (x[d - half] as number);
    return size * (value * Math.cos(angle) + turned * Math.sin(angle));
  });
}

/** Positions for one radian, in terms of wavelengths rather than of their inverses. */
function period(i: number, d: number, theta: number, s: RopeScaling | null, T: number): number {
  const plain = theta ** ((2 * i) / d);
  if (s === null) return plain;
  if (s.type === "linear") return plain * s.factor;
  if (s.type === "longrope")
    return plain * ((T > s.originalLength ? s.longFactors : s.shortFactors)[i] as number);
  if (s.type === "dynamic") {
    const longer = Math.max(T / s.originalLength, 1);
    const base = theta * (1 + s.factor * (longer - 1)) ** (d / (d - 2));
    return base ** ((2 * i) / d);
  }
  if (s.type === "llama3") {
    const wavelength = 2 * Math.PI * plain;
    const [long, short] = [
      s.originalLength / s.lowFrequencyFactor,
      s.originalLength / s.highFrequencyFactor,
    ];
    if (wavelength > long) return plain * s.factor;
    if (wavelength < short) return plain;
    const smooth =
      (s.originalLength / wavelength - s.lowFrequencyFactor) /
      (s.highFrequencyFactor - s.lowFrequencyFactor);
    return 1 / ((1 - smooth) / (plain * s.factor) + smooth / plain);
  }
  const channel = (turns: number) =>
    (d * Math.log(s.originalLength / (2 * Math.PI * turns))) / Math.log(theta) / 2;
  const round = s.truncate ? [Math.floor, Math.ceil] : [(n: number) => n, (n: number) => n];
  const low = Math.max(0, round[0]?.(channel(s.betaFast)) ?? 0);
  const high = Math.min(d - 1, round[1]?.(channel(s.betaSlow)) ?? 0);
  const share = Math.min(1, Math.max(0, (i - low) / (high === low ? 0.001 : high - low)));
  return 1 / (share / (plain * s.factor) + (1 - share) / plain);
}
