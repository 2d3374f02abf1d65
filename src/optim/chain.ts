import { at } from "../tensor/shapes.ts";
import type { Optimizer, TensorTree } from "./optimizer.ts";
import { isOptimizer } from "./settings.ts";

/**
 * One optimizer after the other: the updates of each are the gradients of the next. They are applied as the
 * one does that has a way of its own, such as `rounded`.
 * @throws TypeError for an argument that is no optimizer, or for two that apply updates in ways of
 *   their own
 * @example chain(clipByGlobalNorm(1), adamw({ learningRate: 1e-3 }))
 */
export function chain(...links: readonly Optimizer[]): Optimizer<readonly TensorTree[]> {
  for (const [i, link] of links.entries())
    if (!isOptimizer(link))
      throw new TypeError(`chain: expected optimizers, got ${link} as argument ${i}`);
  const [own, another] = links.filter(({ apply }) => apply);
  if (another)
    throw new TypeError(
      "chain: expected one optimizer that applies updates in a way of its own, got two",
    );
  return {
    ...(own?.apply && { apply: own.apply }),
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
