import { got } from "./shapes.ts";
import type { Tensor } from "./tensor.ts";

/** The longest path from each node down to a leaf, in operations. */
function heightsOf(order: readonly Tensor[]): ReadonlyMap<Tensor, number> {
  const heights = new Map<Tensor, number>();
  for (const node of order) {
    let most = 0;
    for (const x of node.inputs) most = Math.max(most, got(heights, x) + 1);
    heights.set(node, most);
  }
  return heights;
}

/**
 * The roots, those with the least to compute first: of a training step the loss, then the updates
 * from the last layer to the first. In this order each layer's gradients are used up as soon as
 * they can be, and what the forward pass kept for them with them.
 * @param order all that they depend on, inputs before users
 * @returns the order that begins with what the first of these roots depends on
 */
export function shallowFirst(
  roots: readonly Tensor[],
  order: readonly Tensor[],
): readonly Tensor[] {
  if (roots.length < 2) return order;
  const heights = heightsOf(order);
  const sorted = roots.toSorted((a, b) => got(heights, a) - got(heights, b));
  return sorted.every((root, i) => root === roots[i]) ? order : topologicalOrder(sorted);
}

/**
 * Every node that `roots` depend on, inputs before users, each once. Iterative, so that long
 * chains do not overflow the stack. The walk does not look behind `boundary`.
 */
export function topologicalOrder(
  roots: readonly Tensor[],
  boundary: ReadonlySet<Tensor> = new Set(),
): Tensor[] {
  const order: Tensor[] = [];
  const seen = new Set<Tensor>();
  const path: Tensor[] = [];
  /** How many inputs of each node of the path have been looked at. */
  const looked: number[] = [];
  const enter = (node: Tensor): void => {
    const { size } = seen;
    if (seen.add(node).size === size) return;
    path.push(node);
    looked.push(boundary.has(node) ? node.inputs.length : 0);
  };
  for (const root of roots) {
    enter(root);
    for (let top = path.length - 1; top >= 0; top = path.length - 1) {
      const node = path[top] as Tensor;
      const next = looked[top] as number;
      const input = node.inputs[next];
      if (input) {
        looked[top] = next + 1;
        enter(input);
      } else {
        order.push(node);
        path.pop();
        looked.pop();
      }
    }
  }
  return order;
}
