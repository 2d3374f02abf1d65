import { apply } from "./apply.ts";
import { ShapeError } from "./errors.ts";
import { asTensor, broadcastTo, moved, type Of, type Operand, reshape } from "./moves.ts";
import { expectKnown } from "./options.ts";
import { at, broadcastShapes, last, resolveAxis, sameShape, sizeOf } from "./shapes.ts";
import type { DType, FloatTensor, IntTensor, StorageType, Tensor } from "./tensor.ts";

export {
  asTensor,
  broadcastTo,
  concat,
  type Operand,
  pad,
  reshape,
  slice,
  transpose,
} from "./moves.ts";

type UnaryOp = (x: Operand) => FloatTensor;
type BinaryOp = (a: Operand, b: Operand) => FloatTensor;
const unary =
  (op: "exp" | "log" | "tanh" | "sqrt" | "cos" | "sin" | "neg" | "abs" | "gelu"): UnaryOp =>
  (x) =>
    apply(op, [asTensor(x)], {});

const binary =
  (op: "add" | "mul" | "mulNoNan" | "sub" | "div" | "maximum" | "less"): BinaryOp =>
  (a, b) => {
    const [x, y] = [asTensor(a), asTensor(b)];
    if (sameShape(x.shape, y.shape)) return apply(op, [x, y], {});
    const shape = broadcastShapes(op, x.shape, y.shape);
    return apply(op, [broadcastTo(x, shape), broadcastTo(y, shape)], {});
  };

/**
 * eˣ, element by element; +∞ where it overflows.
 * @example await engine.run(() => exp(tensor([0, 1]))) // [1, 2.7182817]
 */
export const exp: UnaryOp = unary("exp");
/**
 * The natural logarithm, element by element: −∞ of 0, NaN below.
 * @example await engine.run(() => log(tensor([1, 0]))) // [0, -Infinity]
 */
export const log: UnaryOp = unary("log");
/** The hyperbolic tangent, element by element. */
export const tanh: UnaryOp = unary("tanh");
/** The square root, element by element: NaN below 0, a gradient of +∞ at 0. */
export const sqrt: UnaryOp = unary("sqrt");
/**
 * The cosine of angles in radians, whatever their size: large ones are reduced with as many digits of
 * 1/2π as they need. NaN of ±∞.
 * @example await engine.run(() => cos(tensor([0, Math.PI]))) // [1, -1]
 */
export const cos: UnaryOp = unary("cos");
/**
 * The sine of angles in radians, exact near 0 too: that of 1e-20 is 1e-20.
 * @see cos
 * @example await engine.run(() => sin(tensor([0, Math.PI / 2]))) // [0, 1]
 */
export const sin: UnaryOp = unary("sin");
/** −x, element by element. */
export const neg: UnaryOp = unary("neg");
/**
 * |x|, element by element. Its gradient is the sign of x, and 0 at 0, where it has none: the middle of
 * the subgradients, as in PyTorch and JAX.
 * @example await engine.run(() => abs(tensor([-2, 0, 3]))) // [2, 0, 3]
 */
export const abs: UnaryOp = unary("abs");
/** a + b, by NumPy's rule of broadcasting. @throws ShapeError where shapes do not go together */
export const add: BinaryOp = binary("add");
/** a · b, element by element, with broadcasting. @throws ShapeError */
export const mul: BinaryOp = binary("mul");
/**
 * a · b, and 0 where a is 0, though b be infinite or NaN: an expectation, of which a is the weight.
 * @example // Σ p·log q, though q be 0 where p is
 * sum(mulNoNan(p, log(q)))
 */
export const mulNoNan: BinaryOp = binary("mulNoNan");
/** a − b, with broadcasting. @throws ShapeError */
export const sub: BinaryOp = binary("sub");
/** a / b, element by element, with broadcasting: ±∞ and NaN by IEEE 754. @throws ShapeError */
export const div: BinaryOp = binary("div");
/**
 * The larger of a and b, with broadcasting; equal ones share the gradient.
 * @throws ShapeError
 * @example await engine.run(() => maximum(tensor([-1, 2]), 0)) // [0, 2]
 */
export const maximum: BinaryOp = binary("maximum");
/**
 * 1 where a < b, else 0; no gradient passes.
 * @example await engine.run(() => less(tensor([1, 2, 3]), 2)) // [1, 0, 0]
 */
export const less: BinaryOp = binary("less");
/** x², element by element. */
export const square: UnaryOp = (x) => mul(x, x);
/** The smaller of a and b, with broadcasting. @throws ShapeError */
export const minimum: BinaryOp = (a, b) => neg(maximum(neg(a), neg(b)));
/**
 * 1 / (1 + e⁻ˣ), as e^min(x, 0) / (e^min(x, 0) + e^−max(x, 0)): it never overflows, and what is near 0
 * or has a slope near 0 keeps its digits, which ½(1 + tanh(x/2)) loses below −17.
 * @example await engine.run(() => sigmoid(tensor([-20, 0, 20]))) // [2.06e-9, 0.5, 1]
 */
export const sigmoid: UnaryOp = (x) => {
  const below = exp(minimum(x, 0));
  return div(below, add(below, exp(neg(maximum(x, 0)))));
};

/**
 * a where condition ≠ 0, else b; all three broadcast.
 * @example select(less(x, 0), 0, x) // relu
 */
export function select(condition: Operand, a: Operand, b: Operand): FloatTensor {
  const [c, x, y] = [asTensor(condition), asTensor(a), asTensor(b)];
  if (sameShape(c.shape, x.shape) && sameShape(x.shape, y.shape))
    return apply("select", [c, x, y], {});
  const shape = broadcastShapes("select", c.shape, x.shape, y.shape);
  return apply("select", [broadcastTo(c, shape), broadcastTo(x, shape), broadcastTo(y, shape)], {});
}

/** int ids → float, exact below 2²⁴. */
export const toFloat = (x: Tensor): FloatTensor => (isFloat(x) ? x : apply("toFloat", [x], {}));
const isFloat = (x: Tensor): x is FloatTensor => x.dtype === "float";

/**
 * Widens numbers of a storage type to float, exactly, or rounds floats to a storage type: to the
 * nearest, ties to even, and to q8_0 as GGUF's writer does. x itself where it has the dtype. Engines
 * need not make the wide copy that `gather` or `matmul` reads.
 *
 * Cotangents pass through unrounded and are always float (JAX gives them the dtype of what is cast), so
 * that `cast(cast(w, "bf16"), "float")` computes with rounded weights and trains the others. With respect
 * to a tensor of a storage type there is no derivative: `grad` refuses it, and captured ones get none.
 * @throws TypeError for int, or for one storage type to another; ShapeError where blocks of q8_0 do not
 *   fill the last axis
 * @example matmul(x, transpose(cast(weight, "float"))) // weight: stored("bf16", codes, [out, in])
 */
export const cast = <D extends "float" | StorageType>(x: Tensor, dtype: D): Of<D> =>
  (x.dtype === dtype ? x : apply("cast", [x], { from: x.dtype, to: dtype })) as Of<D>;

/** Over what `sum`, `max`, `mean` and `variance` go. */
export interface ReduceOptions {
  /** Axes to reduce, from either end; all of them by default. */
  readonly axis?: number | readonly number[];
  /** Keeps reduced axes with length 1. */
  readonly keepAxes?: boolean;
}

type ReduceOp = (x: FloatTensor, options?: ReduceOptions) => FloatTensor;

function reduction(op: "sum" | "max"): ReduceOp {
  return (x, options = {}) => {
    expectKnown(op, options, ["axis", "keepAxes"]);
    const { axis, keepAxes = false } = options;
    const rank = x.shape.length;
    if (axis === undefined && !keepAxes && rank > 0)
      return apply(op, [reshape(x, [sizeOf(x.shape)])], { axis: 0 });
    const axes = axis === undefined ? x.shape.keys() : [axis].flat();
    const gone = [...new Set(Array.from(axes, (a) => resolveAxis(op, a, rank)))].sort(
      (a, b) => b - a,
    );
    let y: FloatTensor = x;
    for (let i = 0; i < gone.length; ) {
      // Neighbouring axes are one longer axis.
      let j = i;
      while (j + 1 < gone.length && gone[j + 1] === at(gone, j) - 1) j++;
      const [last, first] = [at(gone, i), at(gone, j)];
      const merged = sizeOf(y.shape.slice(first, last + 1));
      const flat = reshape(y, [...y.shape.slice(0, first), merged, ...y.shape.slice(last + 1)]);
      y = apply(op, [flat], { axis: first });
      i = j + 1;
    }
    if (!keepAxes) return y;
    const kept = x.shape.map((n, i) => (gone.includes(i) ? 1 : n));
    return reshape(y, kept);
  };
}

/**
 * The sum over axes: over all of them a scalar.
 * @throws ShapeError for an axis that there is not
 * @example sum(x, { axis: -1, keepAxes: true }) // [m, n] → [m, 1]
 */
export const sum: ReduceOp = reduction("sum");
/** The largest element over axes; equal ones share the gradient. @throws ShapeError */
export const max: ReduceOp = reduction("max");
/** The mean over axes: over all of them a scalar. @throws ShapeError */
export function mean(x: FloatTensor, options: ReduceOptions = {}): FloatTensor {
  expectKnown("mean", options, ["axis", "keepAxes"]);
  const total = sum(x, options);
  return mul(total, sizeOf(total.shape) / sizeOf(x.shape));
}

/** Index of the first largest element along an axis (the last by default); int. */
export const argmax = (x: Tensor, axis = -1): IntTensor =>
  apply("argmax", [x], { axis: resolveAxis("argmax", axis, x.shape.length) });

/**
 * [..., m, k] · [..., k, n] → [..., m, n]; leading axes broadcast, and a plain matrix b serves
 * every row of a. @throws ShapeError
 */
export function matmul(
  a: Tensor,
  b: Tensor,
  options: { readonly transposeA?: boolean; readonly transposeB?: boolean } = {},
): FloatTensor {
  expectKnown("matmul", options, ["transposeA", "transposeB"]);
  const { transposeA = false, transposeB = false } = options;
  const attrs = { transposeA, transposeB };
  if (a.shape.length < 2 || b.shape.length < 2)
    throw new ShapeError("matmul", "[m, k] and [k, n]", [a.shape, b.shape]);
  if (b.shape.length === 2 && a.shape.length > 2 && !transposeA) {
    const rows = sizeOf(a.shape.slice(0, -1));
    const y = apply("matmul", [reshape(a, [rows, last(a.shape)]), b], attrs);
    return reshape(y, [...a.shape.slice(0, -1), at(y.shape, 1)]);
  }
  const batch = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
  const inBatch = (x: Tensor) => broadcastTo(x, [...batch, ...x.shape.slice(-2)]);
  return apply("matmul", [inBatch(a), inBatch(b)], attrs);
}

/**
 * Rows of a table: [V, C], int ids [...I] → [...I, C]. Ids outside the table are the caller's error.
 * @example gather(embeddings, ids([5, 0])) // [V, C] → [2, C]
 */
export const gather = (table: Tensor, rows: Tensor): FloatTensor =>
  apply("gather", [table, rows], {});

/** Adds rows into zeros: int ids [...I], updates [...I, C] → [rows, C]. */
export const scatterAdd = (ids: Tensor, updates: Tensor, rows: number): FloatTensor =>
  apply("scatterAdd", [ids, updates], { rows });

/**
 * x with some of its rows replaced: of equal ids the last counts. Where x dies with it, as a donated
 * argument does, only those rows are touched.
 * @param x [...B, V, C]
 * @param rows int [...B, R], which rows
 * @param values [...B, R, C]
 * @throws ShapeError; RangeError before a run for an id that names no row
 * @example // the key of position 3 into a cache [1, 8, 64]
 * scatterRows(cache, ids([[3]]), key)
 */
export const scatterRows = (x: Tensor, rows: Tensor, values: Tensor): FloatTensor =>
  apply("scatterRows", [x, rows, values], {});

/** The identity; derivatives do not pass. */
export const stopGradient = <D extends DType>(x: Of<D>): Of<D> => moved(x, "stopGradient", {});

/** x·Φ(x), by its approximation with tanh as GPT-2 and Gemma have it, element by element. */
export const gelu: UnaryOp = unary("gelu");
/** Over the last axis. */
export const softmax = (x: Tensor): FloatTensor => apply("softmax", [x], {});
/** Over the last axis, nats. */
export const logSoftmax = (x: Tensor): FloatTensor => apply("logSoftmax", [x], {});
