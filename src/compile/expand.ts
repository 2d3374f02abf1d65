import { rebuild } from "../tensor/apply.ts";
import { defined, isFused, isFusedNode } from "../tensor/definitions.ts";
import { topologicalOrder } from "../tensor/graph.ts";
import { got } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * The same graph with fused primitives replaced by their definitions, and what those name in turn.
 * @param lacking which are replaced; all by default
 */
export function expand(roots: readonly Tensor[], lacking?: ReadonlySet<string>): Tensor[] {
  const replaced = (node: Tensor) => isFused(node.op) && (lacking?.has(node.op) ?? true);
  if (lacking?.size === 0) return [...roots];
  let expanded = [...roots];
  while (topologicalOrder(expanded).some(replaced)) expanded = expandOnce(expanded, replaced);
  return expanded;
}

function expandOnce(roots: readonly Tensor[], replaced: (node: Tensor) => boolean): Tensor[] {
  const done = new Map<Tensor, Tensor>();
  for (const node of topologicalOrder(roots)) {
    const inputs = node.inputs.map((x) => got(done, x));
    done.set(node, rewrite(node, inputs, replaced(node)));
  }
  return roots.map((root) => got(done, root));
}

function rewrite(node: Tensor, inputs: readonly Tensor[], replaced: boolean): Tensor {
  if (replaced && isFusedNode(node)) return defined(node, inputs);
  if (inputs.every((x, i) => x === node.inputs[i])) return node;
  return rebuild(node, inputs);
}
