import { rebuild } from "../tensor/apply.ts";
import { defined, isFused, isFusedNode } from "../tensor/definitions.ts";
import { topologicalOrder } from "../tensor/graph.ts";
import { got } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * The same graph with fused primitives replaced by their definitions, and what those name in turn.
 * @param lacking which are replaced; all by default
 */
export const expand = (roots: readonly Tensor[], lacking?: ReadonlySet<string>): Tensor[] => [
  ...expanded({ roots, order: topologicalOrder(roots) }, lacking).roots,
];

/** Results, and all that they depend on, inputs before users. */
export interface Graph {
  readonly roots: readonly Tensor[];
  readonly order: readonly Tensor[];
}

/** The same of a graph whose order is known, and the order of what it becomes. */
export function expanded(graph: Graph, lacking?: ReadonlySet<string>): Graph {
  const replaced = ({ op }: Tensor) => (lacking?.has(op) ?? true) && isFused(op);
  let { roots, order } = graph;
  while (lacking?.size !== 0 && order.some(replaced)) {
    roots = expandOnce({ roots, order }, replaced);
    order = topologicalOrder(roots);
  }
  return { roots, order };
}

function expandOnce({ roots, order }: Graph, replaced: (node: Tensor) => boolean): Tensor[] {
  const done = new Map<Tensor, Tensor>();
  for (const node of order) {
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
