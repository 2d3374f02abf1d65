import { apply } from "../tensor/apply.ts";
import { definitions, isFused } from "../tensor/definitions.ts";
import { topologicalOrder } from "../tensor/graph.ts";
import type { Attrs, Inputs, PrimitiveName, Tensor } from "../tensor/tensor.ts";

/** The same graph with every fused primitive replaced by its definition. */
export function expand(roots: readonly Tensor[]): Tensor[] {
  const done = new Map<Tensor, Tensor>();
  for (const node of topologicalOrder(roots)) {
    const inputs = node.inputs.map((x) => done.get(x) as Tensor);
    done.set(node, rewrite(node, inputs));
  }
  return roots.map((root) => done.get(root) as Tensor);
}

function rewrite(node: Tensor, inputs: readonly Tensor[]): Tensor {
  if (isFused(node.op)) {
    const define = definitions[node.op] as (inputs: readonly Tensor[], attrs: unknown) => Tensor;
    return define(inputs, node.attrs);
  }
  if (inputs.every((x, i) => x === node.inputs[i])) return node;
  return apply(
    node.op as PrimitiveName,
    inputs as Inputs<PrimitiveName>,
    node.attrs as Attrs<PrimitiveName>,
  );
}
