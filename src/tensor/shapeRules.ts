import { heads, ranges } from "./attention/shapes.ts";
import { expectShapes, showShape } from "./errors.ts";
import { at, isCount, last, resolveAxis, sameShape, sizeOf } from "./shapes.ts";
import { checkBlocks, isStorageType } from "./storage/types.ts";
import type { Attrs, DType, Inputs, PrimitiveName, Shape, Tensor } from "./tensor.ts";
import { traits } from "./traits.ts";

const without = (shape: Shape, axis: number) => shape.filter((_, i) => i !== axis);
const rowsOf = (shape: Shape) => shape.slice(0, -1);

function equal(op: string, ...inputs: readonly Tensor[]): Shape {
  const { shape } = at(inputs, 0);
  for (let i = 1; i < inputs.length; i++)
    expectShapes(sameShape(at(inputs, i).shape, shape), op, "equal shapes", inputs);
  return shape;
}

/** @throws RangeError where something is to be found among no elements */
function expectSome(op: string, length: number | undefined, of: string): void {
  if (length === 0) throw new RangeError(`${op}: expected at least one ${of}, got none`);
}

function withLastAxis(op: string, x: Tensor): Shape {
  expectShapes(x.shape.length > 0, op, "at least one axis", [x]);
  return x.shape;
}

const unary = ([x]: readonly [Tensor]): Shape => x.shape;
const binary =
  (op: PrimitiveName) =>
  ([a, b]: readonly [Tensor, Tensor]): Shape =>
    equal(op, a, b);
const lastAxis =
  (op: PrimitiveName) =>
  ([x]: readonly [Tensor]): Shape =>
    withLastAxis(op, x);
const largest =
  (op: PrimitiveName) =>
  ([x]: readonly [Tensor], { axis }: { readonly axis: number }): Shape => {
    const resolved = resolveAxis(op, axis, x.shape.length);
    expectSome(op, x.shape[resolved], `element along axis ${axis} of ${showShape(x.shape)}`);
    return without(x.shape, resolved);
  };
const reduce =
  (op: PrimitiveName) =>
  ([x]: readonly [Tensor], { axis }: { readonly axis: number }): Shape =>
    without(x.shape, resolveAxis(op, axis, x.shape.length));

function gained(op: string, x: Tensor, gain: Tensor): Shape {
  const ok = gain.shape.length === 1 && x.shape.length > 0 && x.shape.at(-1) === gain.shape[0];
  expectShapes(ok, op, "[..., C] and [C]", [x, gain]);
  return x.shape;
}

function rowLosses(op: string, rows: Tensor, perRow: Tensor): Shape {
  const ok = rows.shape.length === 2 && sameShape(rowsOf(rows.shape), perRow.shape);
  expectShapes(ok, op, "[R, V] and [R]", [rows, perRow]);
  expectSome(op, rows.shape[1], "class");
  return rows.shape;
}

type ShapeRules = {
  readonly [K in PrimitiveName]: (inputs: Inputs<K>, attrs: Attrs<K>) => Shape;
};

/** What each primitive accepts and the shape it makes. */
export const shapeRules: ShapeRules = {
  exp: unary,
  log: unary,
  tanh: unary,
  sqrt: unary,
  cos: unary,
  sin: unary,
  neg: unary,
  abs: unary,
  toFloat: unary,
  cast: ([x], { to }) => checkBlocks("cast", to, x.shape),
  alias: unary,
  stopGradient: unary,
  checkpoint: ([y]) => y.shape,
  after: ([x]) => x.shape,
  add: binary("add"),
  mul: binary("mul"),
  mulNoNan: binary("mulNoNan"),
  sub: binary("sub"),
  div: binary("div"),
  maximum: binary("maximum"),
  less: binary("less"),
  select: ([c, a, b]) => equal("select", c, a, b),
  sum: reduce("sum"),
  max: largest("max"),
  argmax: largest("argmax"),
  broadcast: ([x], { shape }) => {
    const ok =
      x.shape.length === shape.length && x.shape.every((n, i) => n === 1 || n === shape[i]);
    expectShapes(ok, "broadcast", () => `axes of length 1 or equal to ${showShape(shape)}`, [x]);
    return shape;
  },
  reshape: ([x], { shape }) => {
    const ok = sizeOf(x.shape) === sizeOf(shape);
    expectShapes(ok, "reshape", () => `${sizeOf(shape)} elements for ${showShape(shape)}`, [x]);
    return shape;
  },
  transpose: ([x], { permutation }) => {
    const ok =
      permutation.length === x.shape.length &&
      [...permutation].sort((a, b) => a - b).every((axis, i) => axis === i);
    expectShapes(ok, "transpose", () => `each axis once in permutation ${showShape(permutation)}`, [
      x,
    ]);
    return permutation.map((axis) => at(x.shape, axis));
  },
  slice: ([x], { start, size }) => {
    const ok =
      start.length === x.shape.length &&
      size.length === x.shape.length &&
      x.shape.every((n, i) => {
        const [from, count] = [at(start, i), at(size, i)];
        return isCount(from) && isCount(count) && from + count <= n;
      });
    expectShapes(ok, "slice", () => `room for start ${showShape(start)} size ${showShape(size)}`, [
      x,
    ]);
    return size;
  },
  pad: ([x], { before, after }) => {
    const ok = [before, after].every((n) => n.length === x.shape.length && n.every(isCount));
    const zeros = () => `${showShape(before)} before and ${showShape(after)} after`;
    expectShapes(ok, "pad", () => `zeros for each axis, of which there are ${zeros()}`, [x]);
    return x.shape.map((n, i) => n + at(before, i) + at(after, i));
  },
  concat: (inputs, { axis }) => {
    const [first] = inputs;
    if (!first) throw new RangeError("concat: expected at least one tensor, got none");
    const joined = resolveAxis("concat", axis, first.shape.length);
    const rest = without(first.shape, joined);
    const ok = inputs.every(
      (x) => x.shape.length === first.shape.length && sameShape(without(x.shape, joined), rest),
    );
    expectShapes(ok, "concat", () => `shapes equal but for axis ${axis}`, inputs);
    return first.shape.with(
      joined,
      inputs.reduce((n, x) => n + at(x.shape, joined), 0),
    );
  },
  matmul: ([a, b], { transposeA, transposeB }) => {
    const rank = a.shape.length;
    const batch = a.shape.slice(0, -2);
    const ok = rank >= 2 && b.shape.length === rank && sameShape(batch, b.shape.slice(0, -2));
    const [m, k] = transposeA ? [a.shape[rank - 1], a.shape[rank - 2]] : a.shape.slice(-2);
    const [l, n] = transposeB ? [b.shape[rank - 1], b.shape[rank - 2]] : b.shape.slice(-2);
    const names = () =>
      `${transposeA ? "[k, m]ᵀ" : "[m, k]"} and ${transposeB ? "[n, k]ᵀ" : "[k, n]"}`;
    expectShapes(ok && k === l, "matmul", names, [a, b]);
    return [...batch, m as number, n as number];
  },
  gather: ([table, ids]) => {
    expectShapes(table.shape.length === 2, "gather", "a table [V, C] and ids", [table, ids]);
    return [...ids.shape, at(table.shape, 1)];
  },
  scatterAdd: ([ids, updates], { rows }) => {
    const ok = updates.shape.length > 0 && sameShape(rowsOf(updates.shape), ids.shape);
    expectShapes(ok, "scatterAdd", "ids [...I] and updates [...I, C]", [ids, updates]);
    return [rows, last(updates.shape)];
  },
  scatterRows: ([x, ids, rows]) => {
    const rank = x.shape.length;
    const ok =
      rank >= 2 &&
      ids.shape.length === rank - 1 &&
      sameShape(x.shape.slice(0, -2), ids.shape.slice(0, -1)) &&
      sameShape(rows.shape, [...ids.shape, last(x.shape)]);
    const names = "[...B, V, C], ids [...B, R] and rows [...B, R, C]";
    expectShapes(ok, "scatterRows", names, [x, ids, rows]);
    return x.shape;
  },
  softmax: lastAxis("softmax"),
  softmaxGrad: binary("softmaxGrad"),
  logSoftmax: lastAxis("logSoftmax"),
  logSoftmaxGrad: binary("logSoftmaxGrad"),
  causalSoftmax: ([x]) => {
    const ok = x.shape.length >= 2 && x.shape.at(-1) === x.shape.at(-2);
    expectShapes(ok, "causalSoftmax", "[..., T, T]", [x]);
    return x.shape;
  },
  causalSoftmaxGrad: binary("causalSoftmaxGrad"),
  causalAttention: ([q, k, v]) => heads("causalAttention", q, k, v),
  causalAttentionGrad: ([g, q, k, v]) => {
    equal("causalAttentionGrad", g, q);
    heads("causalAttentionGrad", q, k, v);
    return [sizeOf(q.shape) + 2 * sizeOf(k.shape)];
  },
  rangeAttention: (inputs, attrs) => ranges("rangeAttention", inputs, attrs),
  rangeAttentionGrad: ([g, ...inputs], attrs) => {
    const [q, k] = inputs;
    equal("rangeAttentionGrad", g, q);
    ranges("rangeAttentionGrad", inputs, attrs);
    return [sizeOf(q.shape) + 2 * sizeOf(k.shape)];
  },
  rmsNorm: ([x, gain]) => gained("rmsNorm", x, gain),
  rmsNormGradX: ([g, x, gain]) => {
    equal("rmsNormGradX", g, x);
    return gained("rmsNormGradX", x, gain);
  },
  rmsNormGradGain: ([g, x]) => [last(equal("rmsNormGradGain", g, x))],
  rope: ([x, cos, sin]) => {
    const [T = 0, D = 0] = x.shape.slice(-2);
    const ok =
      x.shape.length >= 2 &&
      D % 2 === 0 &&
      sameShape(cos.shape, [T, D / 2]) &&
      sameShape(cos.shape, sin.shape);
    expectShapes(ok, "rope", "[..., T, D], [T, D/2] and [T, D/2]", [x, cos, sin]);
    return x.shape;
  },
  swiglu: binary("swiglu"),
  swigluGradGate: ([g, gate, up]) => equal("swigluGradGate", g, gate, up),
  gelu: unary,
  geluGrad: binary("geluGrad"),
  crossEntropy: ([logits, labels]) => rowsOf(rowLosses("crossEntropy", logits, labels)),
  crossEntropyGrad: ([g, logits, labels]) => {
    rowLosses("crossEntropyGrad", logits, g);
    return rowLosses("crossEntropyGrad", logits, labels);
  },
  anchoredKl: ([anchor, logits]) => {
    const shape = equal("anchoredKl", anchor, logits);
    expectShapes(shape.length === 2, "anchoredKl", "[R, V] and [R, V]", [anchor, logits]);
    expectSome("anchoredKl", shape[1], "class");
    return rowsOf(shape);
  },
  anchoredKlGrad: ([g, anchor, logits]) => {
    equal("anchoredKlGrad", anchor, logits);
    return rowLosses("anchoredKlGrad", logits, g);
  },
  ema: binary("ema"),
  emaSquare: binary("emaSquare"),
  adamwUpdate: ([p, m, v, scalars]) => {
    expectShapes(sameShape(scalars.shape, [3]), "adamwUpdate", "scalars [3]", [scalars]);
    return equal("adamwUpdate", p, m, v);
  },
};

/**
 * The dtype a primitive makes.
 * @throws TypeError where ids and numbers are confused, or numbers and how they are stored
 */
export function dtypeRule<K extends PrimitiveName>(
  op: K,
  inputs: readonly Tensor[],
  attrs: Attrs<K>,
): DType {
  const { ints, makes } = traits[op];
  if (ints === "first") return at(inputs, 0).dtype;
  if (ints === "cast") return castRule(at(inputs, 0).dtype, attrs as Attrs<"cast">);
  const one = ints === "any" ? at(inputs, 0).dtype : undefined;
  const whole: readonly number[] = ints === "any" ? [] : ints;
  for (let i = 0; i < inputs.length; i++) {
    const { dtype } = at(inputs, i);
    const wanted = one ?? (whole.includes(i) ? "int" : "float");
    if (dtype !== wanted || isStorageType(dtype)) throw confused(op, inputs, i, one ? "" : wanted);
  }
  return one ?? makes;
}

/** @param wanted the dtype of input i; empty where all are to have one */
function confused(op: string, inputs: readonly Tensor[], i: number, wanted: string): TypeError {
  const stored = inputs.findIndex((x) => isStorageType(x.dtype));
  if (stored >= 0)
    return new TypeError(
      `${op}: expected input ${stored} to be computed with, got ${at(inputs, stored).dtype}, ` +
        'which numbers are only stored in; cast(x, "float") first',
    );
  const given = inputs.map((x) => x.dtype);
  return new TypeError(
    wanted
      ? `${op}: expected input ${i} to be ${wanted}, got ${at(given, i)}`
      : `${op}: expected one dtype, got ${given.join(" and ")}`,
  );
}

/** @throws TypeError for another step than from a storage type to float, or back */
function castRule(dtype: DType, { from, to }: Attrs<"cast">): DType {
  const ok = dtype === from && [from, to].includes("float") && [from, to].some(isStorageType);
  if (!ok)
    throw new TypeError(
      `cast: expected to go from float to bf16, f16 or q8_0, or back, got ${dtype} to ${to}`,
    );
  return to;
}
