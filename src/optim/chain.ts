import { at } from "../tensor/shapes.ts";
import type { Optimizer, TensorTree } from "./optimizer.ts";

/**
 * One optimizer after the other: the updates of each are the gradients of the next.
 * @throws TypeError for an argument that is no optimizer
 * @example chain(clipByGlobalNorm(1), adamw({ learningRate: 1e-3 }))
 */
export function chain(...links: readonly Optimizer[]): Optimizer<readonly TensorTree[]> {
  for (const [i, link] of links.entries())
    if (typeof link?.init !== "function" || typeof link.update !== "function")
      throw new TypeError(`chain: expected optimizers, got ${link} as argument ${i}`);
  return {
    init: (params) => links.map((link) => link.init(params)),
    update: (grads, states, params) =>
      links.reduce<[typeof grads, readonly TensorTree[]]>(
        ([updates, done], link, i) => {
          const [next, state] = link.update(updates, at(states, i), params);
          return [next, [...done, state]];
        },
        [grads, []],
      ),
  };
}
