import { full } from "../../tensor/apply.ts";
import { add, cast, mul } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { EMBEDDING, HEAD, type Params } from "../config.ts";
import type { Transformer, WeightSpace } from "../transformer.ts";
import type { AdapterConfig } from "./adapterConfig.ts";
import { adapterSquaredDistance, adapterWeightedDistance, interpolateAdapters } from "./algebra.ts";
import { changeOf, factorsOf, get } from "./factors.ts";
import { type AdapterLayout, adapterLayout } from "./layout.ts";

/** Models over the same base. */
interface Over {
  /** With an adapter of some config. */
  adapter(config: AdapterConfig): Transformer;
  /** With the weights that the adapter changes, as `wholeWeights` makes them. */
  weights(): Transformer;
}

/**
 * The weights of models that differ by their adapters: between two adapters lies one whose ranks are
 * those of both together.
 * @throws TypeError for DoRA, whose weights are no sum of the base's and a product
 */
export function adapterSpace(
  model: Transformer,
  config: AdapterConfig,
  base: Params,
  over: Over,
): WeightSpace {
  if (config.dora)
    throw new TypeError(
      "weightSpace: expected adapters without dora, got one with: its weights are no sum of the base's and a product",
    );
  const layout = adapterLayout(config, model);
  const placeholders = (): Params => {
    const { shapes } = layout;
    return Object.fromEntries(Object.entries(shapes).map(([name, s]) => [name, full(s, 0)]));
  };
  const as = (params: Params) => ({ config, params });
  const between = interpolateAdapters(model, as(placeholders()), as(placeholders()), 0.5);
  return {
    model: over.adapter(between.config),
    interpolate: (base, tuned, weight) =>
      interpolateAdapters(model, as(base), as(apart(tuned, base)), weight).params,
    squaredDistance: (one, other, weights) =>
      weights
        ? adapterWeightedDistance(model, as(one), as(other), weights)
        : adapterSquaredDistance(model, as(one), as(other)),
    whole: { model: over.weights(), of: (params) => wholeWeights(layout, base, params) },
  };
}

/** The base's parameters that an adapter changes, by their names. */
export const changedNames = ({ layers, saved }: AdapterLayout): string[] => [
  ...new Set([...Object.keys(layers).map((module) => `${module}.weight`), ...Object.values(saved)]),
];

/** A parameter of the base in float32; a tied head's is the embedding. */
export const weightOf = (base: Params, name: string): Tensor =>
  cast(name === HEAD && !(HEAD in base) ? get(base, EMBEDDING) : get(base, name), "float");

/** W + s·B·A of each weight that an adapter without DoRA changes, and the modules that it has whole. */
function wholeWeights(layout: AdapterLayout, base: Params, params: Params): Params {
  const products = new Map(
    factorsOf(layout, params).map(({ names, a, b, scale }) => [
      names.a,
      [mul(b, scale), a] as const,
    ]),
  );
  const weights = Object.entries(layout.layers).flatMap(([module, layer]): [string, Tensor][] => {
    const [name, product] = [`${module}.weight`, products.get(layer.names.a)];
    return product ? [[name, add(weightOf(base, name), changeOf(module, layer, product))]] : [];
  });
  const whole = Object.entries(layout.saved).map(([name, of]): [string, Tensor] => [
    of,
    get(params, name),
  ]);
  return Object.fromEntries([...weights, ...whole]);
}

/** Tensors of its own: adapters that share tensors lie on a path of fewer ranks. */
const apart = (params: Params, others: Params): Params =>
  Object.fromEntries(
    Object.entries(params).map(([name, x]): [string, Tensor] => [
      name,
      x === others[name] ? add(x, 0) : x,
    ]),
  );
