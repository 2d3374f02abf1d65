import { ShapeError, showShape } from "../tensor/errors.ts";
import { add, asTensor, broadcastTo } from "../tensor/ops.ts";
import { sameShape } from "../tensor/shapes.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { entries, flatten, map, type Tree } from "../tensor/tree.ts";

/** Tensors in arrays and plain objects: parameters, gradients, an optimizer's memory. */
export type TensorTree = Tree<Tensor>;

/** A pair of pure functions; whatever an optimizer remembers is in its state, a tree of tensors. */
export interface Optimizer<State = TensorTree> {
  /** The state before the first step. */
  init<P>(params: P): State;
  /**
   * @param grads what to follow: gradients, or another optimizer's updates; structure of params
   * @returns what to add to the parameters, and the next state
   */
  update<P>(grads: P, state: State, params: P): [updates: P, state: State];
  /** The next parameters; `applyUpdates` by default. */
  apply?<P>(params: P, updates: P): P;
}

/**
 * params + updates, leaf by leaf.
 * @throws TypeError where the structures differ; ShapeError where an update has another shape than its
 *   parameter, naming it
 */
export const applyUpdates = <P>(params: P, updates: P): P => {
  const steps = flatten<Tensor>(updates as TensorTree).leaves;
  for (const [i, [name, { shape }]] of entries<Tensor>(params as TensorTree).entries()) {
    const given = steps[i]?.shape ?? shape;
    if (!sameShape(given, shape))
      throw new ShapeError("applyUpdates", `${showShape(shape)}, the shape of ${name}`, [given]);
  }
  return mapTensors(add, params, updates);
};

/**
 * `tree.map` over trees of one type, whose leaves are tensors before and after: parameters, gradients
 * and what else has their structure, whatever interface describes it.
 * @throws TypeError where the structures differ
 * @example const halfway = mapTensors((p, s) => ops.mul(ops.add(p, s), 0.5), base, tuned);
 */
export function mapTensors<P>(
  f: (leaf: Tensor, ...others: Tensor[]) => Tensor,
  tree: P,
  ...others: P[]
): P {
  type Trees = P & TensorTree;
  return map<P, Tensor, Tensor>(f, tree as Trees, ...(others as Trees[])) as P;
}

/**
 * A scalar for all leaves of a tree: repeated to each shape once, however many leaves have it.
 * @example const scales = spread(scale); mapTensors((g) => mul(g, scales(g.shape)), grads)
 */
export function spread(scalar: Tensor | number): (shape: Shape) => Tensor {
  const from: Tensor = asTensor(scalar);
  const byShape = new Map<string, Tensor>();
  return (shape) => {
    const key = shape.join();
    const repeated = byShape.get(key) ?? broadcastTo(from, shape);
    byShape.set(key, repeated);
    return repeated;
  };
}
