import { add, concat, matmul, mul, square, sub, sum } from "../../tensor/ops.ts";
import { inFloat32, isFloat32 } from "../../tensor/options.ts";
import { sameShape } from "../../tensor/shapes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Params } from "../config.ts";
import type { AdapterConfig } from "./adapterConfig.ts";
import {
  type AdapterLayer,
  type AdapterLayout,
  adapterLayout,
  type Base,
  PREFIX,
} from "./layout.ts";

/** Tensors by PEFT's names, and what they mean. */
export interface ConfiguredAdapter {
  readonly config: AdapterConfig;
  readonly params: Params;
}

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

/** ‖B·A‖². */
function productNorm(b: Tensor, a: Tensor): Tensor {
  const left = matmul(b, b, { transposeA: true }); // [r, r]
  const right = matmul(a, a, { transposeB: true }); // [r, r]
  return sum(mul(left, right));
}

/** s₁·B₁·A₁ − s₂·B₂·A₂ as one product B·A. */
function difference(x: Factors, y: Factors): readonly [b: Tensor, a: Tensor] {
  const isAlike = x.scale === y.scale && sameShape(x.a.shape, y.a.shape);
  // s·(B₁ − B₂)·A₁ + s·B₂·(A₁ − A₂): small where the two are near, so that nothing cancels.
  if (isAlike) return [mul(concat([sub(x.b, y.b), y.b], 1), x.scale), concat([x.a, sub(x.a, y.a)])];
  return [concat([mul(x.b, x.scale), mul(y.b, -y.scale)], 1), concat([x.a, y.a])];
}

interface Factors extends AdapterLayer {
  readonly a: Tensor;
  readonly b: Tensor;
}

/** A and B of each module of the original code, once. */
function factorsOf(layout: AdapterLayout, params: Params): Factors[] {
  const layers = new Map(Object.values(layout.layers).map((layer) => [layer.names.a, layer]));
  return [...layers.values()].map((layer) => ({
    ...layer,
    a: get(params, layer.names.a),
    b: get(params, layer.names.b),
  }));
}

function paired(
  caller: string,
  model: Base,
  one: ConfiguredAdapter,
  other: ConfiguredAdapter,
): { pairs: (readonly [Factors, Factors])[]; saved: string[] } {
  const [layout, others] = [plain(caller, model, one), plain(caller, model, other)];
  const mine = factorsOf(layout, one.params);
  const theirs = new Map(factorsOf(others, other.params).map((each) => [each.names.a, each]));
  const saved = Object.keys(layout.saved);
  const pairs = mine.map((each) => {
    const match = theirs.get(each.names.a);
    if (match) return [each, match] as const;
    throw new TypeError(`${caller}: expected ${pathOf(each)} in both adapters, got it in one`);
  });
  const more = [...theirs.values()].find(({ names }) => !(names.a in layout.shapes));
  const whole = [...saved, ...Object.keys(others.saved)].find(
    (name) => !(name in layout.saved && name in others.saved),
  );
  const alone = more ? pathOf(more) : whole;
  if (alone !== undefined)
    throw new TypeError(`${caller}: expected ${alone} in both adapters, got it in one`);
  return { pairs, saved };
}

function plain(caller: string, model: Base, { config }: ConfiguredAdapter): AdapterLayout {
  if (config.dora)
    throw new TypeError(
      `${caller}: expected adapters without dora, got one with: its weights are no sum of the base's and a product`,
    );
  return adapterLayout(config, model);
}

/** The path of an adapted module. */
const pathOf = ({ names }: Pick<AdapterLayer, "names">): string =>
  names.a.slice(PREFIX.length).replace(/\.lora_.*$/, "");

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

function get(params: Params, name: string): Tensor {
  const tensor = params[name];
  if (!tensor) throw new TypeError(`lora: expected tensor ${name}, got none`);
  return tensor;
}
