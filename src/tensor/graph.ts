import type { Tensor } from "./tensor.ts";

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
      if (input === undefined) order.push((stack.pop() as { node: Tensor }).node);
      else if (!seen.has(input)) {
        seen.add(input);
        stack.push({ node: input, next: 0 });
      }
    }
  }
  return order;
}
