import { full } from "../../tensor/apply.ts";
import { add } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Params } from "../config.ts";
import type { Transformer, WeightSpace } from "../transformer.ts";
import type { AdapterConfig } from "./adapterConfig.ts";
import { adapterSquaredDistance, interpolateAdapters } from "./algebra.ts";
import { adapterLayout } from "./layout.ts";

/**
 * The weights of models that differ by their adapters: between two adapters lies one whose ranks are
 * those of both together.
 * @param over makes the model with an adapter of some config
 * @throws TypeError for DoRA, whose weights are no sum of the base's and a product
 */
export function adapterSpace(
  model: Transformer,
  config: AdapterConfig,
  over: (config: AdapterConfig) => Transformer,
): WeightSpace {
  const placeholders = (): Params => {
    const { shapes } = adapterLayout(config, model);
    return Object.fromEntries(Object.entries(shapes).map(([name, s]) => [name, full(s, 0)]));
  };
  const as = (params: Params) => ({ config, params });
  const between = interpolateAdapters(model, as(placeholders()), as(placeholders()), 0.5);
  return {
    model: over(between.config),
    interpolate: (base, tuned, weight) =>
      interpolateAdapters(model, as(base), as(apart(tuned, base)), weight).params,
    squaredDistance: (one, other) => adapterSquaredDistance(model, as(one), as(other)),
  };
}

/** Tensors of its own: adapters that share tensors lie on a path of fewer ranks. */
const apart = (params: Params, others: Params): Params =>
  Object.fromEntries(
    Object.entries(params).map(([name, x]): [string, Tensor] => [
      name,
      x === others[name] ? add(x, 0) : x,
    ]),
  );
