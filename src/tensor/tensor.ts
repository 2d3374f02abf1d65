import type { DataOf, DType, Shape, TypedArray } from "./dtypes.ts";

export type { DataOf, DType, Shape, StorageType, TypedArray } from "./dtypes.ts";

/**
 * A tensor is a description: which operation, on which inputs. Making one computes nothing; an
 * engine runs it. Nodes are frozen and compared by identity.
 *
 * What is known of its dtype when it is written stands in D. A plain `Tensor` goes where one of any
 * dtype is wanted, and a known one goes for it; an int goes nowhere where a float is wanted.
 */
export class Tensor<K extends NodeName = NodeName, D extends DType = DType> {
  /** Of types alone: what is known of the dtype. Methods are compared both ways, so that one that is
   * not known agrees with all. */
  declare readonly knownDtype?: { of(dtype: D): void }["of"];
  readonly op: K;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly inputs: readonly Tensor[];
  readonly attrs: Nodes[K]["attrs"];

  constructor(op: K, shape: Shape, dtype: D, inputs: readonly Tensor[], attrs: Nodes[K]["attrs"]) {
    this.op = op;
    this.shape = shape;
    this.dtype = dtype;
    this.inputs = inputs;
    this.attrs = attrs;
    Object.freeze(this);
  }

  /** The numbers, or the codes of a storage type, row-major. @throws TypeError unless the tensor is
   * a host constant. */
  get data(): TypedArray {
    if (isConstant(this)) return this.attrs.data;
    throw new TypeError(
      `tensor: this is a description of ${this.op}; its numbers exist after engine.run or engine.read`,
    );
  }

  /**
   * Refuses what JavaScript would make of a tensor by itself: the text "[object Object]", or NaN.
   * @throws TypeError always
   */
  [Symbol.toPrimitive](hint: string): never {
    const kind = `${this.op} [${this.shape.join(", ")}]`;
    throw new TypeError(
      hint === "string"
        ? `tensor: expected its numbers in a text, got a description of ${kind}; read them first: await engine.read(x)`
        : `tensor: expected numbers beside + - * / < >, got a description of ${kind}; use ops.add, ops.mul, ops.less …, or read its numbers first`,
    );
  }
}

/** A tensor on the host. */
export type HostTensor<D extends DType = DType> = Tensor<"constant", D> & {
  readonly data: DataOf<D>;
};
/** Numbers that are computed with: what almost all operations make. */
export type FloatTensor = Tensor<NodeName, "float">;
/** Token ids and other indices. */
export type IntTensor = Tensor<NodeName, "int">;

export const isTensor = (value: unknown): value is Tensor => value instanceof Tensor;
export const isOp = <K extends NodeName>(node: Tensor, op: K): node is Tensor<K> => node.op === op;
export const isConstant = (node: Tensor): node is Tensor<"constant"> => isOp(node, "constant");

type None = Readonly<Record<never, never>>;
type Unary = { inputs: readonly [x: Tensor]; attrs: None };
type Binary = { inputs: readonly [a: Tensor, b: Tensor]; attrs: None };

/** Where numbers come from. */
export interface Leaves {
  /** Numbers on the host, row-major. */
  constant: { inputs: readonly []; attrs: { readonly data: TypedArray } };
  /** The `index`-th tensor argument of a traced function. */
  placeholder: { inputs: readonly []; attrs: { readonly index: number } };
  /** A tensor that lives on an engine's device. */
  resident: { inputs: readonly []; attrs: { readonly handle: ResidentHandle } };
}

/** An engine's own record of a resident tensor; opaque to everybody else. */
export interface ResidentHandle {
  readonly backend: string;
}

/** Names one call of a function that is computed again; compared by identity. */
type Segment = { readonly segment: object };

/** How scores of a range of slots come from products, and how long the range is at most. */
export interface RangeAttributes {
  readonly scale: number;
  readonly softcap: number | null;
  readonly window: number | null;
}

/** The closed set of operations. Inputs of one operation have equal shapes unless it says otherwise. */
export interface BasicPrimitives {
  exp: Unary;
  log: Unary;
  tanh: Unary;
  sqrt: Unary;
  /** Angles in radians. */
  cos: Unary;
  sin: Unary;
  neg: Unary;
  /** |x|; its derivative at 0 is taken to be 0. */
  abs: Unary;
  add: Binary;
  mul: Binary;
  /** a · b, and 0 where a = 0 though b be infinite or NaN. */
  mulNoNan: Binary;
  sub: Binary;
  div: Binary;
  maximum: Binary;
  /** 1 where a < b, else 0. */
  less: Binary;
  /** a where condition ≠ 0, else b. */
  select: { inputs: readonly [condition: Tensor, a: Tensor, b: Tensor]; attrs: None };
  /** int → float, exact below 2²⁴. */
  toFloat: Unary;
  /** From a storage type to float, or from float to a storage type. */
  cast: { inputs: readonly [x: Tensor]; attrs: { readonly from: DType; readonly to: DType } };
  /** Sum over one axis, which disappears. */
  sum: { inputs: readonly [x: Tensor]; attrs: { readonly axis: number } };
  /** Largest element along one axis, which disappears. */
  max: { inputs: readonly [x: Tensor]; attrs: { readonly axis: number } };
  /** Index (int) of the first largest element along one axis, which disappears. */
  argmax: { inputs: readonly [x: Tensor]; attrs: { readonly axis: number } };
  /** Repeats axes of length 1; the rank stays. */
  broadcast: { inputs: readonly [x: Tensor]; attrs: { readonly shape: Shape } };
  reshape: { inputs: readonly [x: Tensor]; attrs: { readonly shape: Shape } };
  /** Axis i of the result is axis permutation[i] of x. */
  transpose: { inputs: readonly [x: Tensor]; attrs: { readonly permutation: readonly number[] } };
  slice: {
    inputs: readonly [x: Tensor];
    attrs: { readonly start: readonly number[]; readonly size: readonly number[] };
  };
  /** Surrounds x with zeros. */
  pad: {
    inputs: readonly [x: Tensor];
    attrs: { readonly before: readonly number[]; readonly after: readonly number[] };
  };
  /** Joins tensors that differ only along `axis`. */
  concat: { inputs: readonly Tensor[]; attrs: { readonly axis: number } };
  /** [...B, m, k] · [...B, k, n] → [...B, m, n]; a flag says that the stored operand is transposed. */
  matmul: {
    inputs: readonly [a: Tensor, b: Tensor];
    attrs: { readonly transposeA: boolean; readonly transposeB: boolean };
  };
  /** Rows of a table: [V, C], int ids [...I] → [...I, C]. */
  gather: { inputs: readonly [table: Tensor, ids: Tensor]; attrs: None };
  /** Adds rows into a table of zeros: int ids [...I], updates [...I, C] → [rows, C]. */
  scatterAdd: {
    inputs: readonly [ids: Tensor, updates: Tensor];
    attrs: { readonly rows: number };
  };
  /** x with some rows replaced: [...B, V, C], int ids [...B, R], rows [...B, R, C] → [...B, V, C];
   * of equal ids the last counts. Written in place where x dies with it. */
  scatterRows: { inputs: readonly [x: Tensor, ids: Tensor, rows: Tensor]; attrs: None };
  /** The identity; a fresh node with the same value. */
  alias: Unary;
  /** The identity; derivatives do not pass. */
  stopGradient: Unary;
  /** The identity on y, a value computed from the boundary: its derivatives compute it again from
   * there, so that nothing in between is kept. */
  checkpoint: { inputs: readonly [y: Tensor, ...boundary: Tensor[]]; attrs: Segment };
  /** The identity on x once g is known. What follows from it is computed anew, even where the same
   * has followed from x. */
  after: { inputs: readonly [x: Tensor, g: Tensor]; attrs: Segment };
}

/** Optimisations: each equals its definition (definitions.ts), value and gradient. [R, V] has rows. */
export interface FusedPrimitives {
  /** Over the last axis. */
  softmax: Unary;
  /** (g, y = softmax(x)) → cotangent of x. */
  softmaxGrad: { inputs: readonly [g: Tensor, y: Tensor]; attrs: None };
  /** Over the last axis. */
  logSoftmax: Unary;
  /** (g, y = logSoftmax(x)) → cotangent of x. */
  logSoftmaxGrad: { inputs: readonly [g: Tensor, y: Tensor]; attrs: None };
  /** softmax(scale · x) over j ≤ i of [..., T, T]; exact zeros where j > i. Its gradient is
   * scale · softmaxGrad. */
  causalSoftmax: { inputs: readonly [scores: Tensor]; attrs: { readonly scale: number } };
  /** (g, y = causalSoftmax(x)) → cotangent of x. */
  causalSoftmaxGrad: {
    inputs: readonly [g: Tensor, y: Tensor];
    attrs: { readonly scale: number };
  };
  /** softmax(scale · q · kᵀ) · v, where position t sees the positions ≤ t: [B, H, T, D] and twice
   * [B, G, T, D], each of the G key/value heads serving H/G neighbouring query heads. */
  causalAttention: {
    inputs: readonly [q: Tensor, k: Tensor, v: Tensor];
    attrs: { readonly scale: number };
  };
  /** (g, q, k, v) → cotangents of q, k and v, one after the other in one axis. */
  causalAttentionGrad: {
    inputs: readonly [g: Tensor, q: Tensor, k: Tensor, v: Tensor];
    attrs: { readonly scale: number };
  };
  /** Attention over a range of slots, which is data: query t of sequence b stands in slot p =
   * slots[b, t], n = positions[b, t] slots behind the first that it sees, and sees p − n … p, of
   * them the last `window`; null is all. softmax(c · tanh(scale · q · kᵀ / c)) · v, c the softcap;
   * null is none: [B, H, T, D], twice [B, G, S, D] and int [B, T] twice, each of the G key/value
   * heads serving H/G neighbouring query heads. */
  rangeAttention: {
    inputs: readonly [q: Tensor, k: Tensor, v: Tensor, slots: Tensor, positions: Tensor];
    attrs: RangeAttributes;
  };
  /** (g, q, k, v, slots, positions) → cotangents of q, k and v, one after the other in one axis. */
  rangeAttentionGrad: {
    inputs: readonly [
      ...[g: Tensor, q: Tensor, k: Tensor, v: Tensor],
      ...[slots: Tensor, positions: Tensor],
    ];
    attrs: RangeAttributes;
  };
  /** x / √(mean(x²) + epsilon) · gain over the last axis: [..., C], [C]. */
  rmsNorm: {
    inputs: readonly [x: Tensor, gain: Tensor];
    attrs: { readonly epsilon: number };
  };
  /** (g, x, gain) → cotangent of x. */
  rmsNormGradX: {
    inputs: readonly [g: Tensor, x: Tensor, gain: Tensor];
    attrs: { readonly epsilon: number };
  };
  /** (g, x) → cotangent of gain, [C]. */
  rmsNormGradGain: {
    inputs: readonly [g: Tensor, x: Tensor];
    attrs: { readonly epsilon: number };
  };
  /** Rotates halves: x [..., T, D], cos and sin [T, D/2]:
   * (x₁, x₂) → (x₁·cos − x₂·sin, x₂·cos + x₁·sin), x₁ and x₂ the first and second half of D;
   * `inverse` rotates back (sin negated), which is its gradient. */
  rope: {
    inputs: readonly [x: Tensor, cos: Tensor, sin: Tensor];
    attrs: { readonly inverse: boolean };
  };
  /** gate · sigmoid(gate) · up. */
  swiglu: { inputs: readonly [gate: Tensor, up: Tensor]; attrs: None };
  /** (g, gate, up) → cotangent of gate. */
  swigluGradGate: { inputs: readonly [g: Tensor, gate: Tensor, up: Tensor]; attrs: None };
  /** ½x(1 + tanh(√(2/π)(x + 0.044715x³))). */
  gelu: Unary;
  /** (g, x) → cotangent of x. */
  geluGrad: { inputs: readonly [g: Tensor, x: Tensor]; attrs: None };
  /** −log softmax(logits)[label] per row: [R, V], int [R] → [R], nats. */
  crossEntropy: { inputs: readonly [logits: Tensor, labels: Tensor]; attrs: None };
  /** (g [R], logits, labels) → cotangent of logits: g · (softmax − one-hot). */
  crossEntropyGrad: {
    inputs: readonly [g: Tensor, logits: Tensor, labels: Tensor];
    attrs: None;
  };
  /** KL(q ‖ softmax(logits)) per row, q given as log-probabilities: [R, V], [R, V] → [R], nats.
   * With q an anchor this is the anchored loss. */
  anchoredKl: { inputs: readonly [anchorLogProbs: Tensor, logits: Tensor]; attrs: None };
  /** (g [R], anchorLogProbs, logits) → cotangent of logits: g · (softmax(logits) · Σq − q). */
  anchoredKlGrad: {
    inputs: readonly [g: Tensor, anchorLogProbs: Tensor, logits: Tensor];
    attrs: None;
  };
  /** decay · average + (1 − decay) · x. */
  ema: {
    inputs: readonly [average: Tensor, x: Tensor];
    attrs: { readonly decay: number };
  };
  /** decay · average + (1 − decay) · x². */
  emaSquare: {
    inputs: readonly [average: Tensor, x: Tensor];
    attrs: { readonly decay: number };
  };
  /** −rate · (m·c₁ / (√(v·c₂) + epsilon) + weightDecay · p); scalars [3] = (rate, c₁, c₂), the
   * learning rate and the two bias corrections 1/(1 − βᵗ). */
  adamwUpdate: {
    inputs: readonly [p: Tensor, m: Tensor, v: Tensor, scalars: Tensor];
    attrs: { readonly epsilon: number; readonly weightDecay: number };
  };
}

export interface Primitives extends BasicPrimitives, FusedPrimitives {}
export interface Nodes extends Leaves, Primitives {}
export type NodeName = keyof Nodes;
/** Fused primitives that an engine may leave to their definitions. */
export type OptionalName = "causalAttention" | "causalAttentionGrad" | "rangeAttentionGrad";
/** What every engine computes. */
export type CommonName = Exclude<PrimitiveName, OptionalName>;
export type FusedName = keyof FusedPrimitives;
export type PrimitiveName = keyof Primitives;
/** The dtype that a primitive makes, as far as its name says it: numbers that move keep theirs. */
export type Makes<K extends PrimitiveName> = K extends "argmax"
  ? "int"
  : K extends
        | ("broadcast" | "reshape" | "transpose" | "slice" | "pad" | "concat" | "cast")
        | ("alias" | "stopGradient" | "checkpoint" | "after")
    ? DType
    : "float";
export type Inputs<K extends PrimitiveName> = Primitives[K]["inputs"];
export type Attrs<K extends PrimitiveName> = Primitives[K]["attrs"];
