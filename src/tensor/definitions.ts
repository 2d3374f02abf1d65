import { constant } from "./apply.ts";
import { attention, attentionGrad } from "./attention/attention.ts";
import { rangeAttention, rangeAttentionGrad } from "./attention/rangeAttention.ts";
import * as ops from "./ops.ts";
import { at, last, sizeOf } from "./shapes.ts";
import type { Attrs, FusedName, Inputs, OptionalName, Tensor } from "./tensor.ts";

const { add, div, exp, log, mul, neg, sqrt, square, sub, sum, tanh } = ops;
const LAST = { axis: -1, keepAxes: true };

/** Column [R, 1] that scales the rows of [R, V]. */
export const perRow = (g: Tensor): Tensor => ops.reshape(g, [...g.shape, 1]);

/** x less its row's maximum: no exponential overflows; the shift cancels, so it has no gradient. */
const shifted = (x: Tensor): Tensor => sub(x, ops.stopGradient(ops.max(x, LAST)));

function basicSoftmax(x: Tensor): Tensor {
  const weights = exp(shifted(x));
  return div(weights, sum(weights, LAST));
}

function basicLogSoftmax(x: Tensor): Tensor {
  const z = shifted(x);
  return sub(z, log(sum(exp(z), LAST)));
}

/** y · (g − Σ g·y): the cotangent of a softmax's input. */
const throughSoftmax = (g: Tensor, y: Tensor): Tensor => mul(y, sub(g, sum(mul(g, y), LAST)));

/** 1 where row ≥ column. */
function causalMask(T: number): Tensor {
  const mask = Float64Array.from({ length: T * T }, (_, i) => (i % T <= Math.floor(i / T) ? 1 : 0));
  return constant(mask, [T, T]);
}

function oneHot(labels: Tensor, depth: number): Tensor {
  const identity = Float64Array.from({ length: depth * depth }, (_, i) =>
    i % (depth + 1) === 0 ? 1 : 0,
  );
  return ops.gather(constant(identity, [depth, depth]), labels);
}

const reciprocalRms = (x: Tensor, epsilon: number): Tensor =>
  div(1, sqrt(add(ops.mean(square(x), LAST), epsilon)));

/** √(2/π) · (x + 0.044715x³) and its derivative. */
const geluInner = (x: Tensor): Tensor =>
  mul(mul(x, add(mul(square(x), 0.044715), 1)), Math.sqrt(2 / Math.PI));
const geluInnerGrad = (x: Tensor): Tensor =>
  mul(add(mul(square(x), 3 * 0.044715), 1), Math.sqrt(2 / Math.PI));

/** First and second half of the last axis. */
export function halves(x: Tensor): [Tensor, Tensor] {
  const half = last(x.shape) / 2;
  const size = [...x.shape.slice(0, -1), half];
  const start = x.shape.map(() => 0);
  return [ops.slice(x, start, size), ops.slice(x, start.with(-1, half), size)];
}

type Definitions = {
  readonly [K in FusedName]: (inputs: Inputs<K>, attrs: Attrs<K>) => Tensor;
};

/** What each fused primitive means, in basic primitives. */
const definitions: Definitions = {
  softmax: ([x]) => basicSoftmax(x),
  softmaxGrad: ([g, y]) => throughSoftmax(g, y),
  logSoftmax: ([x]) => basicLogSoftmax(x),
  logSoftmaxGrad: ([g, y]) => sub(g, mul(exp(y), sum(g, LAST))),
  causalSoftmax: ([x], { scale }) => {
    const mask = causalMask(last(x.shape));
    return basicSoftmax(ops.select(mask, mul(x, scale), -1e30));
  },
  causalSoftmaxGrad: ([g, y], { scale }) => mul(throughSoftmax(g, y), scale),
  causalAttention: ([q, k, v], { scale }) => attention(q, k, v, scale),
  causalAttentionGrad: (inputs, { scale }) => attentionGrad(inputs, scale),
  rangeAttention: (inputs, attrs) => rangeAttention(inputs, attrs),
  rangeAttentionGrad: (inputs, attrs) => rangeAttentionGrad(inputs, attrs),
  rmsNorm: ([x, gain], { epsilon }) => mul(mul(x, reciprocalRms(x, epsilon)), gain),
  rmsNormGradX: ([g, x, gain], { epsilon }) => {
    const r = reciprocalRms(x, epsilon);
    const n = mul(x, r);
    const gn = mul(g, gain);
    return mul(sub(gn, mul(n, ops.mean(mul(gn, n), LAST))), r);
  },
  rmsNormGradGain: ([g, x], { epsilon }) => {
    const C = last(x.shape);
    const rows = ops.reshape(mul(g, mul(x, reciprocalRms(x, epsilon))), [
      sizeOf(x.shape.slice(0, -1)),
      C,
    ]);
    return sum(rows, { axis: 0 });
  },
  rope: ([x, cos, sin], { inverse }) => {
    const [a, b] = halves(x);
    const s = inverse ? neg(sin) : sin;
    return ops.concat([sub(mul(a, cos), mul(b, s)), add(mul(b, cos), mul(a, s))], -1);
  },
  swiglu: ([gate, up]) => mul(mul(gate, ops.sigmoid(gate)), up),
  swigluGradGate: ([g, gate, up]) => {
    const s = ops.sigmoid(gate);
    return mul(mul(g, up), mul(s, add(mul(gate, sub(1, s)), 1)));
  },
  gelu: ([x]) => mul(mul(x, 0.5), add(tanh(geluInner(x)), 1)),
  geluGrad: ([g, x]) => {
    const t = tanh(geluInner(x));
    // Beyond ±20 the slope of the tanh is 0, and x² may overflow.
    const near = ops.minimum(ops.maximum(x, -20), 20);
    const slope = mul(mul(sub(1, square(t)), geluInnerGrad(near)), near);
    return mul(mul(g, 0.5), add(add(t, 1), slope));
  },
  crossEntropy: ([logits, labels]) => {
    const chosen = oneHot(labels, at(logits.shape, 1));
    const picked = ops.select(chosen, basicLogSoftmax(logits), 0);
    return neg(sum(picked, { axis: 1 }));
  },
  crossEntropyGrad: ([g, logits, labels]) =>
    mul(sub(basicSoftmax(logits), oneHot(labels, at(logits.shape, 1))), perRow(g)),
  anchoredKl: ([anchor, logits]) => {
    const q = exp(anchor);
    // What is impossible adds nothing: 0 · ∞ is 0 here.
    const ratio = ops.select(ops.less(0, q), sub(anchor, basicLogSoftmax(logits)), 0);
    return sum(mul(q, ratio), { axis: 1 });
  },
  anchoredKlGrad: ([g, anchor, logits]) => {
    const q = exp(anchor);
    return mul(sub(mul(basicSoftmax(logits), sum(q, LAST)), q), perRow(g));
  },
  ema: ([average, x], { decay }) => add(mul(average, decay), mul(x, 1 - decay)),
  emaSquare: ([average, x], { decay }) => add(mul(average, decay), mul(square(x), 1 - decay)),
  adamwUpdate: ([p, m, v, scalars], { epsilon, weightDecay }) => {
    const scalar = (i: number): Tensor => ops.reshape(ops.slice(scalars, [i], [1]), []);
    const [rate, c1, c2] = [scalar(0), scalar(1), scalar(2)];
    const direction = div(mul(m, c1), add(sqrt(mul(v, c2)), epsilon));
    return neg(mul(add(direction, mul(p, weightDecay)), rate));
  },
};

/** Fused primitives for which an engine need not have kernels. */
export const optional: readonly OptionalName[] = [
  "causalAttention",
  "causalAttentionGrad",
  "rangeAttentionGrad",
];

export const isFused = (op: string): op is FusedName => op in definitions;

/** What a fused node means, on inputs that stand for its own. */
export function defined(node: Tensor<FusedName>, inputs: readonly Tensor[]): Tensor {
  // The node was made of what its row takes.
  const define = definitions[node.op] as (inputs: readonly Tensor[], attrs: unknown) => Tensor;
  return define(inputs, node.attrs);
}

export const isFusedNode = (node: Tensor): node is Tensor<FusedName> => isFused(node.op);
