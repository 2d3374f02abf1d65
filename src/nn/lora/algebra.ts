import { add, concat, matmul, mul, square, sub, sum } from "../../tensor/ops.ts";
import { inFloat32, isFloat32 } from "../../tensor/options.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Params } from "../config.ts";
import type { AdapterConfig } from "./adapterConfig.ts";
import {
  type ConfiguredAdapter,
  changeOf,
  difference,
  factorsOf,
  get,
  paired,
  pathOf,
  plain,
} from "./factors.ts";
import type { Base } from "./layout.ts";

/**
 * (1 − weight) · base + weight · tuned of the weights W + s·B·A that two adapters make, exactly:
 * interpolating the factors would add products of one's B with the other's A. The result has the
 * ranks of both together, A = [A₁; A₂], B = [(1 − w)·s₁·B₁, w·s₂·B₂] and scale 1; where the two
 * share the very tensors A, trained B alone, it keeps them and interpolates B. Whole modules are
 * interpolated number by number.
 * @param model whose weights the adapters change
 * @param weight 0 gives the base, 1 the tuned model; values outside extrapolate
 * @throws RangeError for a weight that is not finite; TypeError for DoRA, which has no exact form:
 *   its rows are divided by lengths that depend on the factors; TypeError where the adapters change
 *   different modules
 */
export function interpolateAdapters(
  model: Base,
  base: ConfiguredAdapter,
  tuned: ConfiguredAdapter,
  weight: number,
): ConfiguredAdapter {
  if (!isFloat32(weight))
    throw new RangeError(`interpolateAdapters: expected a finite weight, got ${inFloat32(weight)}`);
  const { pairs, saved } = paired("interpolateAdapters", model, base, tuned);
  const whole = saved.map((name): [string, Tensor] => [
    name,
    add(mul(get(base.params, name), 1 - weight), mul(get(tuned.params, name), weight)),
  ]);
  const isShared = pairs.every(
    ([one, other]) => one.a === other.a && one.scale === other.scale && one.rank === other.rank,
  );
  if (isShared) {
    const params = pairs.flatMap(([one, other]): [string, Tensor][] => [
      [one.names.a, one.a],
      [one.names.b, add(mul(one.b, 1 - weight), mul(other.b, weight))],
    ]);
    return { config: base.config, params: Object.fromEntries([...params, ...whole]) };
  }
  const params = pairs.flatMap(([one, other]): [string, Tensor][] => [
    [one.names.a, concat([one.a, other.a])],
    [
      one.names.b,
      concat([mul(one.b, (1 - weight) * one.scale), mul(other.b, weight * other.scale)], 1),
    ],
  ]);
  const ranks = new Map(pairs.map(([one, other]) => [pathOf(one), one.rank + other.rank]));
  return {
    config: withRanks(base.config, ranks),
    params: Object.fromEntries([...params, ...whole]),
  };
}

/**
 * WiSE-FT of an adapter and the model under it: (1 − weight) · W + weight · (W + s·B·A), exactly.
 * @param params the base's, for modules that are saved whole
 * @throws as interpolateAdapters does
 * @see https://arxiv.org/abs/2109.01903 (Wortsman et al., 2022), equation 1
 */
export function interpolateWithBase(
  model: Base,
  params: Params,
  tuned: ConfiguredAdapter,
  weight: number,
): ConfiguredAdapter {
  if (!isFloat32(weight))
    throw new RangeError(`interpolateWithBase: expected a finite weight, got ${inFloat32(weight)}`);
  const layout = plain("interpolateWithBase", model, tuned);
  const scaled = factorsOf(layout, tuned.params).flatMap(({ names, a, b }): [string, Tensor][] => [
    [names.a, a],
    [names.b, mul(b, weight)],
  ]);
  const whole = Object.entries(layout.saved).map(([name, of]): [string, Tensor] => [
    name,
    add(mul(get(params, of), 1 - weight), mul(get(tuned.params, name), weight)),
  ]);
  return { config: tuned.config, params: Object.fromEntries([...scaled, ...whole]) };
}

/**
 * ‖W₁ − W₂‖² of the weights that two adapters make, by products of r × r matrices: ‖B·A‖² =
 * Σ (Bᵀ·B) ∘ (A·Aᵀ). The distance of the factors is another thing: it changes where B·G⁻¹ and G·A
 * stand for B and A, which are the same weights.
 * @returns a scalar, differentiable in both
 * @throws TypeError for DoRA, and where the adapters change different modules
 */
export function adapterSquaredDistance(
  model: Base,
  one: ConfiguredAdapter,
  other: ConfiguredAdapter,
): Tensor {
  const { pairs, saved } = paired("adapterSquaredDistance", model, one, other);
  const gaps = [
    ...pairs.map(([x, y]) => productNorm(...difference(x, y))),
    ...saved.map((name) => sum(square(sub(get(one.params, name), get(other.params, name))))),
  ];
  return gaps.reduce((total, gap) => add(total, gap));
}

/**
 * Σ w ∘ (W₁ − W₂)² of the weights that two adapters make: the distance in which each number counts as much
 * as is said. It forms matrices of the weights' size, one for each that is adapted.
 * @param weights by the names of the model's parameters that the adapters change
 * @returns a scalar, differentiable in both
 * @throws TypeError for DoRA, where the adapters change different modules, and for weights that are missing
 */
export function adapterWeightedDistance(
  model: Base,
  one: ConfiguredAdapter,
  other: ConfiguredAdapter,
  weights: Params,
): Tensor {
  const { layout, pairs } = paired("adapterWeightedDistance", model, one, other);
  const gapOf = new Map(pairs.map(([x, y]) => [x.names.a, difference(x, y)]));
  const weighted = (name: string, gap: Tensor): Tensor => sum(mul(get(weights, name), square(gap)));
  const gaps = [
    ...Object.entries(layout.layers).flatMap(([module, layer]) => {
      const product = gapOf.get(layer.names.a);
      return product ? [weighted(`${module}.weight`, changeOf(module, layer, product))] : [];
    }),
    ...Object.entries(layout.saved).map(([name, of]) =>
      weighted(of, sub(get(one.params, name), get(other.params, name))),
    ),
  ];
  return gaps.reduce((total, gap) => add(total, gap));
}

/** ‖B·A‖². */
function productNorm(b: Tensor, a: Tensor): Tensor {
  const left = matmul(b, b, { transposeA: true }); // [r, r]
  const right = matmul(a, a, { transposeB: true }); // [r, r]
  return sum(mul(left, right));
}

/** The same modules with other ranks, and scale 1. */
function withRanks(config: AdapterConfig, ranks: ReadonlyMap<string, number>): AdapterConfig {
  const [rank = 1] = ranks.values();
  const others = [...ranks].filter(([, each]) => each !== rank);
  const pattern = Object.fromEntries(
    others.map(([path, each]) => [path.replaceAll(".", "\\."), each]),
  );
  const { file: _, ...rest } = config;
  return {
    ...rest,
    ...{ rank, alpha: rank, rslora: false, rankPattern: pattern, alphaPattern: pattern },
  };
}
