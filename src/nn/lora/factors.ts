import { concat, matmul, mul, slice, sub, transpose } from "../../tensor/ops.ts";
import { at, sameShape } from "../../tensor/shapes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { EMBEDDING, type Params } from "../config.ts";
import type { AdapterConfig } from "./adapterConfig.ts";
import {
  type AdapterLayer,
  type AdapterLayout,
  adapterLayout,
  type Base,
  PREFIX,
} from "./layout.ts";
import { moduleOf } from "./modules.ts";

/** Tensors by PEFT's names, and what they mean. */
export interface ConfiguredAdapter {
  readonly config: AdapterConfig;
  readonly params: Params;
}

/** s₁·B₁·A₁ − s₂·B₂·A₂ as one product B·A. */
export function difference(x: Factors, y: Factors): readonly [b: Tensor, a: Tensor] {
  const isAlike = x.scale === y.scale && sameShape(x.a.shape, y.a.shape);
  // s·(B₁ − B₂)·A₁ + s·B₂·(A₁ − A₂): small where the two are near, so that nothing cancels.
  if (isAlike) return [mul(concat([sub(x.b, y.b), y.b], 1), x.scale), concat([x.a, sub(x.a, y.a)])];
  return [concat([mul(x.b, x.scale), mul(y.b, -y.scale)], 1), concat([x.a, y.a])];
}

export interface Factors extends AdapterLayer {
  readonly a: Tensor;
  readonly b: Tensor;
}

/** A and B of each module of the original code, once. */
export function factorsOf(layout: AdapterLayout, params: Params): Factors[] {
  const layers = new Map(Object.values(layout.layers).map((layer) => [layer.names.a, layer]));
  return [...layers.values()].map((layer) => ({
    ...layer,
    a: get(params, layer.names.a),
    b: get(params, layer.names.b),
  }));
}

export function paired(
  caller: string,
  model: Base,
  one: ConfiguredAdapter,
  other: ConfiguredAdapter,
): { layout: AdapterLayout; pairs: (readonly [Factors, Factors])[]; saved: string[] } {
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
  return { layout, pairs, saved };
}

export function plain(caller: string, model: Base, { config }: ConfiguredAdapter): AdapterLayout {
  if (config.dora)
    throw new TypeError(
      `${caller}: expected adapters without dora, got one with: its weights are no sum of the base's and a product`,
    );
  return adapterLayout(config, model);
}

/** The path of an adapted module. */
export const pathOf = ({ names }: Pick<AdapterLayer, "names">): string =>
  names.a.slice(PREFIX.length).replace(/\.lora_.*$/, "");

/** A product B·A as a change of a module's weight: its rows of B alone, turned for an embedding. */
export function changeOf(
  module: string,
  { rows }: AdapterLayer,
  [b, a]: readonly [b: Tensor, a: Tensor],
): Tensor {
  const own = rows ? slice(b, [rows.first, 0], [rows.count, at(b.shape, 1)]) : b;
  const product = matmul(own, a);
  return module === moduleOf(EMBEDDING) ? transpose(product) : product;
}

export function get(params: Params, name: string): Tensor {
  const tensor = params[name];
  if (!tensor) throw new TypeError(`lora: expected tensor ${name}, got none`);
  return tensor;
}
