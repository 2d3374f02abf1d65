import { apply } from "./apply.ts";
import { defined, isFusedNode } from "./definitions.ts";
import { ShapeError, showShape } from "./errors.ts";
import { topologicalOrder } from "./graph.ts";
import { add, asTensor, broadcastTo, concat } from "./ops.ts";
import { recompute } from "./recompute.ts";
import { at, sameShape } from "./shapes.ts";
import { type FloatTensor, type FusedName, isOp, Tensor } from "./tensor.ts";
import { isPrimitive } from "./traits.ts";
import * as tree from "./tree.ts";
import { type Cotangents, type Vjp, vjps } from "./vjps.ts";

type TensorTree = tree.Tree<Tensor>;

/** Tensors, and what a node's cotangent adds to each of theirs. */
type Shares = readonly (readonly [Tensor, Tensor | null])[];

/** One row of calculus, looked up by the node's operation. */
function sharesOf(node: Tensor, g: Tensor, active: ReadonlySet<Tensor>): Shares {
  if (isOp(node, "checkpoint")) return throughRecomputation(node, g, active);
  const cotangents =
    isFusedNode(node) && vjps[node.op] === "definition"
      ? throughDefinition(node, g)
      : throughRow(node, g);
  return node.inputs.map((x, i) => [x, cotangents[i] ?? null]);
}

function throughRow(node: Tensor, g: Tensor): Cotangents<readonly Tensor[]> {
  if (!isPrimitive(node)) throw new TypeError(`grad: expected an operation, got ${node.op}`);
  // The node was made of what its row takes.
  const row = vjps[node.op] as unknown as Vjp<"concat">;
  return row(g, node.inputs, node.attrs as never, node);
}

function throughRecomputation(
  node: Tensor<"checkpoint">,
  g: Tensor,
  active: ReadonlySet<Tensor>,
): Shares {
  const { value, entries, shared } = recompute(node, g);
  const boundary = node.inputs.slice(1);
  const known = [...boundary, ...shared.keys()];
  const stand = [...entries, ...shared.values()];
  const wanted = known.flatMap((x, i) => (active.has(x) ? [i] : []));
  const targets = wanted.map((i) => at(stand, i));
  // What an entry is computed after is none of its business: the walk ends there.
  const cotangents = backward([value], [g], targets, stand);
  const all = togetherKnown(cotangents, node);
  return wanted.map((i, j) => [at(known, i), all[j] ?? null]);
}

/**
 * Each cotangent once all are known: what was computed again for them is given up before anything goes
 * on, whoever wants them when. A norm of all gradients would else keep every segment, computed again,
 * until the first layer's gradient is there.
 */
function togetherKnown(
  cotangents: readonly (Tensor | undefined)[],
  { attrs }: Tensor<"checkpoint">,
): readonly (Tensor | undefined)[] {
  const given = cotangents.filter((x) => x !== undefined);
  const [first, ...others] = given;
  if (!first || others.length === 0) return cotangents;
  const all = others.reduce((known, x) => apply("after", [x, known], attrs), first);
  return cotangents.map((x) => x && apply("after", [x, all], attrs));
}

function throughDefinition(node: Tensor<FusedName>, g: Tensor): readonly (Tensor | null)[] {
  const inputs = node.inputs.map(fresh);
  return backward([defined(node, inputs)], [g], inputs).map((cotangent) => cotangent ?? null);
}

/** A new identity for the same value: what a derivative is taken with respect to. */
const fresh = (x: Tensor): Tensor => apply("alias", [x], {});

/**
 * Reverse-mode differentiation, graph → graph: pulls cotangents of `outputs` back to `targets`.
 * A target that the outputs do not depend on gets undefined.
 * @param boundary further nodes behind which no target lies
 */
function backward(
  outputs: readonly Tensor[],
  cotangents: readonly Tensor[],
  targets: readonly Tensor[],
  boundary: readonly Tensor[] = [],
): (Tensor | undefined)[] {
  const isTarget = new Set(targets);
  const order = topologicalOrder(outputs, new Set([...targets, ...boundary]));
  const active = new Set(targets);
  for (const node of order) {
    if (node.dtype !== "int" && node.inputs.some((x) => active.has(x))) active.add(node);
  }
  const gathered = new Map<Tensor, Tensor[]>();
  const give = (node: Tensor, g: Tensor): void => {
    const parts = gathered.get(node);
    if (parts) parts.push(g);
    else gathered.set(node, [g]);
  };
  const total = (node: Tensor): Tensor | undefined => {
    const parts = gathered.get(node);
    return parts && (sideBySide(parts) ?? parts.reduce((sum, part) => add(sum, part)));
  };
  outputs.forEach((y, i) => {
    if (active.has(y)) give(y, at(cotangents, i));
  });
  for (const node of order.reverse()) {
    const g = isTarget.has(node) ? undefined : total(node);
    if (!g) continue;
    for (const [input, cotangent] of sharesOf(node, g, active))
      if (cotangent && active.has(input)) give(input, cotangent);
  }
  return targets.map(total);
}

/**
 * The sum of parts that zeros surround, where together they fill the whole: what a tensor that was
 * cut up gets back. They are joined, so that no zero is written or added.
 */
function sideBySide(parts: readonly Tensor[]): Tensor | undefined {
  const { shape } = at(parts, 0);
  const pads = parts.flatMap((part) =>
    isOp(part, "pad") ? [{ part: at(part.inputs, 0), before: part.attrs.before }] : [],
  );
  if (parts.length < 2 || pads.length < parts.length) return undefined;
  const axis = shape.findIndex((n, i) => pads[0]?.part.shape[i] !== n);
  pads.sort((a, b) => at(a.before, axis) - at(b.before, axis));
  let end = 0;
  for (const { part, before } of pads) {
    const whole = part.shape.every((n, i) => i === axis || n === shape[i]);
    if (!whole || before[axis] !== end) return undefined;
    end += at(part.shape, axis);
  }
  if (end < at(shape, axis)) return undefined;
  const inOrder = pads.map(({ part }) => part);
  return concat(inOrder, axis);
}

/** A tree whose leaves are fresh identities, and what it was put together of. */
interface Identified<T> {
  readonly identified: T;
  readonly leaves: readonly Tensor[];
  readonly structure: tree.Structure;
}

/** Replaces the float leaves by fresh identities. @throws TypeError where a leaf is no float tensor */
function identify<T>(caller: string, x: T): Identified<T> {
  const { leaves, structure } = tree.flatten<Tensor | number>(x as tree.Tree<Tensor | number>);
  const identified = leaves.map((leaf, i) => {
    const known = typeof leaf === "number" ? asTensor(leaf) : leaf;
    if (!(known instanceof Tensor) || known.dtype !== "float") {
      const path = tree.entries(x as TensorTree)[i]?.[0] || "the argument";
      throw new TypeError(`${caller}: expected float tensors, got something else at ${path}`);
    }
    return fresh(known);
  });
  return { identified: tree.unflatten(structure, identified) as T, leaves: identified, structure };
}

/** Cotangents of outputs pulled back to the leaves of a tree, in its structure: zeros where unused. */
function pullBack<T>(
  outputs: readonly Tensor[],
  cotangents: readonly Tensor[],
  { leaves, structure }: Identified<T>,
): T {
  const gradients = backward(outputs, cotangents, leaves);
  const filled = leaves.map(({ shape }, i) => gradients[i] ?? broadcastTo(0, shape));
  return tree.unflatten(structure, filled) as T;
}

/**
 * The value of a scalar function and its gradient with respect to the first argument.
 * @param f (x, ...rest) → scalar; x is a tensor or a tree of float tensors
 * @returns (x, ...rest) → [value, gradient]; the gradient has x's structure, zeros where unused
 * @throws ShapeError when f's result is no scalar
 */
export function valueAndGrad<X, Rest extends readonly unknown[]>(
  f: (x: X, ...rest: Rest) => Tensor,
): (x: X, ...rest: Rest) => [value: FloatTensor, gradient: X] {
  return (x, ...rest) => {
    const argument = identify("grad", x);
    const value = f(argument.identified, ...rest);
    if (!(value instanceof Tensor))
      throw new TypeError("grad: expected a function whose result is a tensor");
    if (value.shape.length !== 0)
      throw new ShapeError("grad", "a function with a scalar result", [value.shape]);
    return [value, pullBack([value], [asTensor(1)], argument)];
  };
}

/** The gradient of a scalar function with respect to its first argument. @see valueAndGrad */
export function grad<X, Rest extends readonly unknown[]>(
  f: (x: X, ...rest: Rest) => Tensor,
): (x: X, ...rest: Rest) => X {
  const both = valueAndGrad(f);
  return (x, ...rest) => both(x, ...rest)[1];
}

/**
 * The value of any function of trees and its pullback.
 * @returns [y, pullback]; pullback takes a cotangent with y's structure and gives one for each
 *   argument
 * @throws ShapeError when a cotangent's shape is not its output's
 */
export function vjp<Xs extends readonly unknown[], Y>(
  f: (...xs: Xs) => Y,
  ...xs: Xs
): [y: Y, pullback: (cotangent: Y) => Xs] {
  const given = identify("vjp", xs);
  const y = f(...given.identified);
  const outputs = tree.flatten(y as TensorTree).leaves;
  const pullback = (cotangent: Y): Xs => {
    const gs = tree.flatten(cotangent as TensorTree).leaves.map((g) => asTensor(g));
    if (gs.length !== outputs.length)
      throw new TypeError(`vjp: expected ${outputs.length} cotangents, got ${gs.length}`);
    outputs.forEach(({ shape }, i) => {
      const g = at(gs, i);
      if (!sameShape(g.shape, shape))
        throw new ShapeError("vjp", `a cotangent of shape ${showShape(shape)}`, [g.shape]);
    });
    return pullBack(outputs, gs, given);
  };
  return [y, pullback];
}
