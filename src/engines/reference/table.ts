import type { CommonName, PrimitiveName } from "../../tensor/tensor.ts";
import * as attention from "./attention.ts";
import * as axes from "./axes.ts";
import * as elements from "./elements.ts";
import * as fused from "./fused.ts";
import * as matrices from "./matrices.ts";
import * as optimizer from "./optimizer.ts";
import { type Compute, cast, elementwise } from "./rows.ts";

const unary = (f: (x: number) => number): Compute<PrimitiveName> => elementwise((x = 0) => f(x));

/** What every primitive means: plain loops in float64. */
export const reference: { readonly [K in CommonName]: Compute<K> } = {
  tanh: unary(Math.tanh),
  sqrt: unary(Math.sqrt),
  cos: unary(Math.cos),
  sin: unary(Math.sin),
  abs: unary(Math.abs),
  toFloat: axes.copy,
  cast,
  alias: axes.copy,
  stopGradient: axes.copy,
  checkpoint: axes.copy,
  after: axes.copy,
  reshape: axes.copy,
  sum: axes.sum,
  max: axes.max,
  argmax: axes.argmax,
  broadcast: axes.broadcast,
  transpose: axes.transpose,
  slice: axes.slice,
  pad: axes.pad,
  concat: axes.concat,
  ...elements,
  ...matrices,
  ...attention,
  ...fused,
  ...optimizer,
};
