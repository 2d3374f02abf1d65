import { exp, log } from "../../tensor/portable.ts";
import type { CommonName, PrimitiveName } from "../../tensor/tensor.ts";
import * as attention from "./attention.ts";
import * as axes from "./axes.ts";
import * as fused from "./fused.ts";
import * as matrices from "./matrices.ts";
import * as optimizer from "./optimizer.ts";
import { type Compute, cast, elementwise } from "./rows.ts";

const unary = (f: (x: number) => number): Compute<PrimitiveName> => elementwise((x = 0) => f(x));
const binary = (f: (a: number, b: number) => number): Compute<PrimitiveName> =>
  elementwise((a = 0, b = 0) => f(a, b));

/** What every primitive means: plain loops in float64. */
export const reference: { readonly [K in CommonName]: Compute<K> } = {
  exp: unary(exp),
  log: unary(log),
  tanh: unary(Math.tanh),
  sqrt: unary(Math.sqrt),
  cos: unary(Math.cos),
  sin: unary(Math.sin),
  neg: unary((x) => -x),
  abs: unary(Math.abs),
  toFloat: axes.copy,
  cast,
  alias: axes.copy,
  stopGradient: axes.copy,
  checkpoint: axes.copy,
  after: axes.copy,
  reshape: axes.copy,
  add: binary((a, b) => a + b),
  mul: binary((a, b) => a * b),
  mulNoNan: binary((a, b) => (a === 0 ? 0 : a * b)),
  sub: binary((a, b) => a - b),
  div: binary((a, b) => a / b),
  maximum: binary(Math.max),
  less: binary((a, b) => (a < b ? 1 : 0)),
  select: elementwise((condition = 0, a = 0, b = 0) => (condition !== 0 ? a : b)),
  sum: axes.sum,
  max: axes.max,
  argmax: axes.argmax,
  broadcast: axes.broadcast,
  transpose: axes.transpose,
  slice: axes.slice,
  pad: axes.pad,
  concat: axes.concat,
  ...matrices,
  ...attention,
  ...fused,
  ...optimizer,
};
