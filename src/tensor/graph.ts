import { got } from "./shapes.ts";
import type { Tensor } from "./tensor.ts";

/** The longest path from each node that `roots` depend on down to a leaf, in operations. */
function heightsOf(roots: readonly Tensor[]): ReadonlyMap<Tensor, number> {
  const heights = new Map<Tensor, number>();
  for (const node of topologicalOrder(roots)) {
    const below = node.inputs.map((x) => got(heights, x));
    heights.set(
      node,
      below.reduce((most, height) => Math.max(most, height + 1), 0),
    );
  }
  return heights;
}

/**
 * The roots, those with the least to compute first: of a training step the loss, then the updates
 * from the last layer to the first. In this order each layer's gradients are used up as soon as
 * they can be, and what the forward pass kept for them with them.
 */
export function shallowFirst(roots: readonly Tensor[]): Tensor[] {
  const heights = heightsOf(roots);
  return roots.toSorted((a, b) => got(heights, a) - got(heights, b));
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
  const stack: { node: Tensor; next: number }[] = [];
  for (const root of roots) {
    if (!seen.has(root)) stack.push({ node: root, next: 0 });
    seen.add(root);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const input = boundary.has(top.node) ? undefined : top.node.inputs[top.next++];
      if (input === undefined) {
        stack.pop();
        order.push(top.node);
      } else if (!seen.has(input)) {
        seen.add(input);
        stack.push({ node: input, next: 0 });
      }
    }
  }
  return order;
}
