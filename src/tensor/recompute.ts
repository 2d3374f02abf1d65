import { apply, rebuild } from "./apply.ts";
import { topologicalOrder } from "./graph.ts";
import { at, sizeOf } from "./shapes.ts";
import { type Inputs, Tensor } from "./tensor.ts";
import * as tree from "./tree.ts";

/**
 * A function with the same value and gradient that keeps nothing but its arguments for the
 * backward pass: what lies between is computed again when the gradient asks for it. Less memory,
 * one more forward pass of `f`. Tensors that `f` uses without taking them as arguments count as
 * arguments. It may be nested, and differentiated any number of times.
 * @param f a pure function of trees of tensors and of anything else
 * @example const layer = checkpoint((params, h) => add(h, feedForward(params, h)))
 * @see https://arxiv.org/abs/1604.06174 (Chen et al., 2016)
 */
export function checkpoint<Args extends readonly unknown[], Result>(
  f: (...args: Args) => Result,
): (...args: Args) => Result {
  return (...args) => {
    const boundary: Tensor[] = [];
    const enter = (leaf: unknown): unknown => {
      if (!(leaf instanceof Tensor)) return leaf;
      const inside = apply("alias", [leaf], {});
      boundary.push(inside);
      return inside;
    };
    const inside = args.map((arg) => tree.map<unknown, unknown, unknown>(enter, arg as never));
    const segment = Object.freeze({});
    const leave = (leaf: unknown): unknown =>
      leaf instanceof Tensor ? apply("checkpoint", [leaf, ...boundary], { segment }) : leaf;
    const result = f(...(inside as unknown as Args));
    return tree.map<unknown, unknown, unknown>(leave, result as never) as Result;
  };
}

/** A value computed once more, and what it was computed from. */
export interface Recomputation {
  readonly value: Tensor;
  /** Nodes of the new graph that stand for the boundary. */
  readonly entries: readonly Tensor[];
  /** Nodes outside both graphs, which do not depend on the boundary, with what stands for each in the
   * new one: itself, or an entry of its own. */
  readonly shared: ReadonlyMap<Tensor, Tensor>;
}

/** Whether a node repeats several numbers, such as a bias for all rows: cheap to make, and large. */
const repeats = ({ op, inputs }: Tensor): boolean =>
  op === "broadcast" && sizeOf(at(inputs, 0).shape) > 1;

/** Describes the value of a checkpoint anew, from its boundary on, to be computed after `g`. */
export function recompute(node: Tensor<"checkpoint">, g: Tensor): Recomputation {
  const [y, ...boundary] = node.inputs as Inputs<"checkpoint">;
  const entry = (x: Tensor): Tensor => apply("after", [x, g], node.attrs);
  const entries = boundary.map(entry);
  const anew = new Map<Tensor, Tensor>(boundary.map((x, i) => [x, at(entries, i)]));
  const shared = new Map<Tensor, Tensor>();
  const share = (x: Tensor): Tensor => {
    const stand = shared.get(x) ?? x;
    shared.set(x, stand);
    return stand;
  };
  /** What is repeated is repeated again: to keep it would be to keep a tensor of a layer's size. */
  const repeated = (x: Tensor): Tensor => {
    const from = at(x.inputs, 0);
    const stand = shared.get(from) ?? entry(from);
    shared.set(from, stand);
    return rebuild(x, [stand]);
  };
  for (const inner of topologicalOrder([y], new Set(boundary))) {
    if (anew.has(inner) || !inner.inputs.some((x) => anew.has(x))) continue;
    const inputs = inner.inputs.map((x) => {
      const known = anew.get(x) ?? (repeats(x) ? repeated(x) : share(x));
      if (repeats(x)) anew.set(x, known);
      return known;
    });
    anew.set(inner, rebuild(inner, inputs));
  }
  return { value: anew.get(y) ?? share(y), entries, shared };
}
