import type { PrimitiveName, Tensor } from "./tensor.ts";

/**
 * What is known of a primitive besides its shape rule, its row of calculus and its kernels, and wanted
 * in more than one place. A fact is stated here once; whoever needs it asks the row.
 */
export interface Traits {
  /** In a plan: element i of the result depends on nothing but element i of the inputs, those of
   * `whole` apart. It may lie over one that dies there, and be computed together with its neighbours. */
  readonly elementwise: boolean;
  /** Position of the input that the result is, but for what the others change: it may lie over that
   * one where it dies there. */
  readonly changes: number | undefined;
  /** In a graph: the value is that of the first input, so that nothing need be computed. */
  readonly view: boolean;
  /** Positions of inputs that are read elsewhere than at the place of the number that is made. */
  readonly whole: readonly number[];
  /** Whether kernels take one number in place of an input that repeats it. */
  readonly scalars: boolean;
  /** Row by row over the last axis, and kernels may do some of the rows at a time, as they come. Not
   * everything along rows: rmsNorm has an input for all rows, causalSoftmax counts them. */
  readonly byRow: boolean;
  /** Whether only as much of the larger input is read as the result holds. */
  readonly partial: boolean;
  /** How many matrix products it is; one of causal attention is [T, D] · [D, T] for each head. */
  readonly products: number;
  /** Positions of the inputs that are int; the others are float. Any: all are int or all float, and so
   * is the result. First: the result has the dtype of the first input, whatever that is. Cast: the
   * attributes say it. */
  readonly ints: readonly number[] | "any" | "first" | "cast";
  /** What the result is, where that does not follow from the inputs. */
  readonly makes: "float" | "int";
  /** How an engine may round. Exact: each element comes from a few roundings, of which none cancels.
   * Summed: it is a sum of terms, or a function, that may cancel. */
  readonly rounding: "exact" | "summed";
  /** Whether it has a derivative; that of a step function is zero or nothing. */
  readonly differentiable: boolean;
}

type Facts<K extends keyof Traits = never> = Partial<Traits> & Pick<Traits, K>;

/** A row that says what is not as usual. All have their members in one order: the rows are looked at for
 * each step of each plan, and the host's compiler knows objects by that. */
const row = (facts: Facts<"rounding">): Traits => ({
  elementwise: facts.elementwise ?? false,
  changes: facts.changes,
  view: facts.view ?? false,
  whole: facts.whole ?? [],
  scalars: facts.scalars ?? false,
  byRow: facts.byRow ?? false,
  partial: facts.partial ?? false,
  products: facts.products ?? 0,
  ints: facts.ints ?? [],
  makes: facts.makes ?? "float",
  rounding: facts.rounding,
  differentiable: facts.differentiable ?? true,
});

/** Element by element. */
const elementwise = (rounding: Traits["rounding"], facts: Facts = {}): Traits =>
  row({ elementwise: true, rounding, ...facts });

/** The value of the first input. */
const view = (facts: Facts<"ints">): Traits => row({ view: true, rounding: "exact", ...facts });

/** Elements as they are, in other places. */
const moves = (facts: Facts<"ints" | "partial">): Traits => row({ rounding: "exact", ...facts });

/** Along one axis, which disappears. */
const reduces = (rounding: Traits["rounding"], facts: Facts = {}): Traits =>
  row({ rounding, ...facts });

/** Along the rows of the last axis. */
const inRows = (facts: Facts<"byRow">): Traits => row({ rounding: "summed", ...facts });

/** Made of matrix products. */
const product = (products: number, facts: Facts = {}): Traits =>
  row({ rounding: "summed", products, ...facts });

/** One row for each primitive. */
export const traits: { readonly [K in PrimitiveName]: Traits } = {
  exp: elementwise("exact"),
  log: elementwise("exact"),
  tanh: elementwise("exact"),
  sqrt: elementwise("exact"),
  cos: elementwise("summed"),
  sin: elementwise("summed"),
  neg: elementwise("exact"),
  abs: elementwise("exact"),
  add: elementwise("exact", { scalars: true }),
  mul: elementwise("exact", { scalars: true }),
  mulNoNan: elementwise("exact", { scalars: true }),
  sub: elementwise("exact", { scalars: true }),
  div: elementwise("exact", { scalars: true }),
  maximum: elementwise("exact", { scalars: true }),
  less: elementwise("exact", { scalars: true, differentiable: false }),
  select: elementwise("exact", { scalars: true }),
  toFloat: elementwise("exact", { ints: [0], differentiable: false }),
  // Not elementwise: what goes in and what comes out differ in size. Cotangents pass, though it rounds.
  cast: row({ rounding: "exact", ints: "cast", differentiable: false }),
  sum: reduces("summed"),
  max: reduces("exact"),
  argmax: reduces("exact", { makes: "int", differentiable: false }),
  broadcast: moves({ ints: "any", partial: false, whole: [0] }),
  reshape: view({ ints: "any" }),
  transpose: moves({ ints: "any", partial: false }),
  slice: moves({ ints: "any", partial: true }),
  pad: moves({ ints: "any", partial: false }),
  concat: moves({ ints: "any", partial: false }),
  matmul: product(1),
  gather: moves({ ints: [1], partial: true }),
  scatterAdd: reduces("summed", { ints: [0] }),
  scatterRows: moves({ ints: [1], partial: false, changes: 0 }),
  // A view in a graph; in a plan the copy that an output needs, made element by element.
  alias: view({ ints: "first", elementwise: true }),
  stopGradient: view({ ints: "first", differentiable: false }),
  checkpoint: view({ ints: "first" }),
  after: view({ ints: "first" }),
  softmax: inRows({ byRow: true }),
  softmaxGrad: inRows({ byRow: true }),
  logSoftmax: inRows({ byRow: true }),
  logSoftmaxGrad: inRows({ byRow: true }),
  causalSoftmax: inRows({ byRow: false }),
  causalSoftmaxGrad: inRows({ byRow: false }),
  causalAttention: product(2),
  causalAttentionGrad: product(5),
  rangeAttention: product(2, { ints: [3, 4] }),
  rangeAttentionGrad: product(5, { ints: [4, 5] }),
  rmsNorm: inRows({ byRow: false }),
  rmsNormGradX: inRows({ byRow: false }),
  rmsNormGradGain: inRows({ byRow: false }),
  rope: inRows({ byRow: false }),
  swiglu: elementwise("summed"),
  swigluGradGate: elementwise("summed"),
  gelu: elementwise("summed"),
  geluGrad: elementwise("summed"),
  crossEntropy: inRows({ byRow: true, ints: [1] }),
  crossEntropyGrad: inRows({ byRow: true, ints: [2] }),
  anchoredKl: inRows({ byRow: true }),
  anchoredKlGrad: inRows({ byRow: true }),
  ema: elementwise("summed"),
  emaSquare: elementwise("summed"),
  adamwUpdate: elementwise("summed", { whole: [3] }),
};

/** Whether a node is computed from others: no leaf. */
export const isPrimitive = (node: Tensor): node is Tensor<PrimitiveName> =>
  node.op !== "constant" && node.op !== "placeholder" && node.op !== "resident";
