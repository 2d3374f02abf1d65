import { apply, constant, full } from "./apply.ts";
import { cutAttentionGrad } from "./attention/attention.ts";
import { halves, perRow } from "./definitions.ts";
import * as ops from "./ops.ts";
import { at, last } from "./shapes.ts";
import { type Attrs, type Inputs, isConstant, type PrimitiveName, type Tensor } from "./tensor.ts";

const { add, div, exp, less, mul, mulNoNan, neg, sub, sum } = ops;

/** One cotangent for each input; null where no derivative passes (ids, conditions). */
export type Cotangents<T extends readonly Tensor[]> = { [I in keyof T]: Tensor | null };

/** g is the cotangent of the output y. */
export type Vjp<K extends PrimitiveName> = (
  g: Tensor,
  inputs: Inputs<K>,
  attrs: Attrs<K>,
  y: Tensor,
) => Cotangents<Inputs<K>>;

/** The cotangent comes from differentiating the fused primitive's definition. */
type ThroughDefinition = "definition";
/** The value is computed again, and the cotangents come from there. */
type ThroughRecomputation = "recomputation";

const keepAxis = (g: Tensor, x: Tensor, axis: number): Tensor =>
  ops.broadcastTo(ops.reshape(g, x.shape.with(axis, 1)), x.shape);

/** 1 where a > b, ½ where a = b, else 0: ties share the gradient. */
const wins = (a: Tensor, b: Tensor): Tensor => mul(add(sub(less(b, a), less(a, b)), 1), 0.5);

/**
 * g · d where a zero cotangent counts for nothing, though the slope d be infinite or NaN: what a
 * select or a mask has ruled out does not come back as 0 · ∞.
 */
const times = (g: Tensor, d: Tensor): Tensor =>
  isConstant(d) && d.data.every(Number.isFinite) ? mul(g, d) : mulNoNan(g, d);

/** g / d likewise, for a d that may be 0 or NaN. */
const over = (g: Tensor, d: Tensor): Tensor => {
  const usable = less(0, ops.abs(d));
  // Not 0 outright where g is 0: derivatives of g / d are those of a quotient.
  return div(g, ops.select(usable, d, ops.select(g, d, 1)));
};

/** Sums the leading axes away: [..., T, D] → [T, D]. */
const sumLeading = (x: Tensor): Tensor =>
  sum(x, { axis: x.shape.slice(0, -2).map((_, axis) => axis) });

/** 1 where row r of those that scatterRows writes is the last with the id v: [...B, R, V]. */
function lastWrites(x: Tensor, ids: Tensor): Tensor {
  const [batch, R] = [ids.shape.slice(0, -1), last(ids.shape)];
  const numbers = constant(
    Float64Array.from({ length: R }, (_, r) => r + 1),
    [R, 1],
  );
  const none = full([...x.shape.slice(0, -1), 1], 0);
  const written = ops.scatterRows(none, ids, ops.broadcastTo(numbers, [...ids.shape, 1]));
  const by = ops.reshape(written, [...batch, 1, at(x.shape, batch.length)]);
  return sub(sub(1, less(by, numbers)), less(numbers, by));
}

/** The rules of calculus, one row for each primitive. */
export const vjps: {
  readonly [K in PrimitiveName]: Vjp<K> | ThroughDefinition | ThroughRecomputation;
} = {
  // ---- one element at a time
  exp: (g, _, __, y) => [times(g, y)],
  log: (g, [x]) => [over(g, x)],
  tanh: (g, _, __, y) => [mul(g, sub(1, mul(y, y)))],
  sqrt: (g, _, __, y) => [over(mul(g, 0.5), y)],
  cos: (g, [x]) => [neg(times(g, ops.sin(x)))],
  sin: (g, [x]) => [times(g, ops.cos(x))],
  neg: (g) => [neg(g)],
  // The sign: 0 at 0, the middle of the subgradients.
  abs: (g, [x]) => [mul(g, sub(less(0, x), less(x, 0)))],
  add: (g) => [g, g],
  mul: (g, [a, b]) => [times(g, b), times(g, a)],
  mulNoNan: (g, [a, b]) => [times(g, b), times(g, a)],
  sub: (g) => [g, neg(g)],
  div: (g, [, b], _, y) => [over(g, b), neg(over(times(g, y), b))],
  maximum: (g, [a, b]) => [mul(g, wins(a, b)), mul(g, wins(b, a))],
  less: () => [null, null],
  select: (g, [condition]) => [null, ops.select(condition, g, 0), ops.select(condition, 0, g)],
  toFloat: () => [null],
  cast: (g) => [g],
  alias: (g) => [g],
  stopGradient: () => [null],
  checkpoint: "recomputation",
  after: (g) => [g, null],
  // ---- along axes
  sum: (g, [x], { axis }) => [keepAxis(g, x, axis)],
  max: (g, [x], { axis }, y) => {
    // No maximum is above itself: those that no x is below share the gradient. Where the maximum is
    // NaN so is the gradient, by a NaN that nothing else makes: 0 times what is bounded.
    const nothing = mul(ops.maximum(ops.minimum(y, 1), -1), 0);
    const winners = sub(keepAxis(add(nothing, 1), x, axis), less(x, keepAxis(y, x, axis)));
    return [mul(div(winners, sum(winners, { axis, keepAxes: true })), keepAxis(g, x, axis))];
  },
  argmax: () => [null],
  broadcast: (g, [x], { shape }) => {
    const repeated = shape.flatMap((n, axis) => (n === x.shape[axis] ? [] : [axis]));
    return [sum(g, { axis: repeated, keepAxes: true })];
  },
  reshape: (g, [x]) => [ops.reshape(g, x.shape)],
  transpose: (g, _, { permutation }) => [
    ops.transpose(
      g,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    ),
  ],
  slice: (g, [x], { start, size }) => {
    const after = x.shape.map((n, i) => n - at(start, i) - at(size, i));
    return [ops.pad(g, start, after)];
  },
  pad: (g, [x], { before }) => [ops.slice(g, before, x.shape)],
  concat: (g, inputs, { axis }) => {
    let from = 0;
    return inputs.map((x) => {
      const start = x.shape.map((_, i) => (i === axis ? from : 0));
      from += at(x.shape, axis);
      return ops.slice(g, start, x.shape);
    });
  },
  // ---- matrices and tables
  matmul: (g, [a, b], { transposeA, transposeB }) => {
    const product = (x: Tensor, y: Tensor, tx: boolean, ty: boolean) =>
      apply("matmul", [x, y], { transposeA: tx, transposeB: ty });
    return [
      transposeA ? product(b, g, transposeB, true) : product(g, b, false, !transposeB),
      transposeB ? product(g, a, true, transposeA) : product(a, g, !transposeA, false),
    ];
  },
  gather: (g, [table, ids]) => [ops.scatterAdd(ids, g, at(table.shape, 0)), null],
  scatterAdd: (g, [ids]) => [null, ops.gather(g, ids)],
  scatterRows: (g, [x, ids, rows]) => [
    ops.scatterRows(g, ids, full(rows.shape, 0)),
    null,
    ops.matmul(lastWrites(x, ids), g),
  ],
  // ---- fused
  softmax: (g, _, __, y) => [apply("softmaxGrad", [g, y], {})],
  softmaxGrad: "definition",
  logSoftmax: (g, _, __, y) => [apply("logSoftmaxGrad", [g, y], {})],
  logSoftmaxGrad: "definition",
  causalSoftmax: (g, _, attrs, y) => [apply("causalSoftmaxGrad", [g, y], attrs)],
  causalSoftmaxGrad: "definition",
  causalAttention: (g, inputs, attrs) => {
    const flat = apply("causalAttentionGrad", [g, ...inputs], attrs);
    return cutAttentionGrad(flat, inputs) as unknown as typeof inputs;
  },
  causalAttentionGrad: "definition",
  rangeAttention: (g, [q, k, v, ...where], attrs) => {
    const flat = apply("rangeAttentionGrad", [g, q, k, v, ...where], attrs);
    const [gq = null, gk = null, gv = null] = cutAttentionGrad(flat, [q, k, v]);
    return [gq, gk, gv, null, null];
  },
  rangeAttentionGrad: "definition",
  rmsNorm: (g, [x, gain], attrs) => [
    apply("rmsNormGradX", [g, x, gain], attrs),
    apply("rmsNormGradGain", [g, x], attrs),
  ],
  rmsNormGradX: "definition",
  rmsNormGradGain: "definition",
  rope: (g, [x, cos, sin], { inverse }) => {
    const [[a, b], [ga, gb]] = [halves(x), halves(g)];
    const gSin = sumLeading(sub(mul(gb, a), mul(ga, b)));
    return [
      apply("rope", [g, cos, sin], { inverse: !inverse }),
      sumLeading(add(mul(ga, a), mul(gb, b))),
      inverse ? neg(gSin) : gSin,
    ];
  },
  swiglu: (g, [gate, up]) => [
    apply("swigluGradGate", [g, gate, up], {}),
    apply("swiglu", [gate, g], {}),
  ],
  swigluGradGate: "definition",
  gelu: (g, [x]) => [apply("geluGrad", [g, x], {})],
  geluGrad: "definition",
  crossEntropy: (g, [logits, labels]) => [apply("crossEntropyGrad", [g, logits, labels], {}), null],
  crossEntropyGrad: "definition",
  anchoredKl: (g, [anchor, logits]) => {
    const q = exp(anchor);
    // What is impossible has no gradient: 0 · ∞ is 0 here.
    const slope = ops.select(less(0, q), add(sub(anchor, ops.logSoftmax(logits)), 1), 0);
    return [mul(mul(q, slope), perRow(g)), apply("anchoredKlGrad", [g, anchor, logits], {})];
  },
  anchoredKlGrad: "definition",
  ema: (g, _, { decay }) => [mul(g, decay), mul(g, 1 - decay)],
  emaSquare: (g, [, x], { decay }) => [mul(g, decay), mul(mul(g, x), 2 * (1 - decay))],
  adamwUpdate: "definition",
};
