import { EMBEDDING, HEAD, type Params } from "../config.ts";
import { type Transformer, transformer, type WeightSpace } from "../transformer.ts";
import type { AdapterConfig } from "./adapterConfig.ts";
import { initAdapter } from "./init.ts";
import { type AdapterLayout, adapterLayout, expectAdapter, shapesOf } from "./layout.ts";
import { adapterSpace, changedNames, weightOf } from "./weightSpace.ts";

/**
 * A model with an adapter, whose parameters are the base's and the adapter's, the latter under
 * PEFT's names: `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight` and so on.
 * @param model what `transformer` made
 * @throws TypeError where the adapter does not fit the model
 */
export function adaptedModel(model: Transformer, config: AdapterConfig): Transformer {
  const layout = adapterLayout(config, model);
  const shapes = { ...model.shapes, ...layout.shapes };
  return around(model, layout, {
    shapes,
    init: (key) => {
      const base = model.init(key);
      return { ...base, ...initAdapter(key, config, layout, base) };
    },
    base: {},
    expect: () => {},
    weightSpace: () => {
      throw new TypeError(
        "weightSpace: expected an adapter over a frozen base (withAdapter), got one that is trained together with its base",
      );
    },
  });
}

/**
 * A model whose parameters are an adapter's alone, over a base that stays as it is: what `fineTune`
 * trains is the adapter, and models that differ by their adapters share the base. Put the base on
 * the engine first (`engine.put`), so that all programs use the same memory.
 * @param model what `transformer` made
 * @param base its parameters
 * @throws TypeError where the adapter does not fit the model
 * @example
 * const adapter = lora({ rank: 16 });
 * const base = engine.put(params);
 * const tuned = withAdapter(model, adapter.config, base);
 * await fineTune(engine, { model: tuned, base: adapter.init(key, model, params), ... });
 */
export function withAdapter(model: Transformer, config: AdapterConfig, base: Params): Transformer {
  const layout = adapterLayout(config, model);
  return around(model, layout, {
    shapes: layout.shapes,
    init: (key) => initAdapter(key, config, layout, base),
    base,
    expect: (adapter) => expectAdapter(layout, adapter),
    weightSpace: () =>
      adapterSpace(model, config, base, {
        adapter: (other) => withAdapter(model, other, base),
        weights: () => withWeights(model, layout, base),
      }),
  });
}

/**
 * A model whose parameters are the weights that an adapter changes, whole, over a base that stays
 * as it is.
 */
function withWeights(model: Transformer, layout: AdapterLayout, base: Params): Transformer {
  const names = changedNames(layout);
  const start = Object.fromEntries(names.map((name) => [name, weightOf(base, name)]));
  const shapes = shapesOf(start);
  const saved = Object.fromEntries(names.map((name) => [name, name]));
  return around(
    model,
    { layers: {}, saved, shapes, unties: layout.unties },
    {
      ...{ shapes, base, init: () => start, expect: (params) => expectAdapter({ shapes }, params) },
      weightSpace: () => {
        throw new TypeError("weightSpace: expected an adapter, got the weights that one changes");
      },
    },
  );
}

interface Outside {
  readonly shapes: Transformer["shapes"];
  readonly init: Transformer["init"];
  /** Parameters beside those that are given. */
  readonly base: Params;
  /** @throws TypeError, ShapeError for parameters that are not the model's */
  readonly expect: (params: Params) => void;
  readonly weightSpace: () => WeightSpace;
}

function around(model: Transformer, layout: AdapterLayout, outside: Outside): Transformer {
  const { layers, saved, unties } = layout;
  const inner = transformer({
    ...model.config,
    ...(unties && { tieEmbeddings: false }),
    adapter: layers,
  });
  /** What the head reads, which is asked for each block of rows: a few of hundreds of parameters. */
  const ofHead = [
    ...[EMBEDDING, HEAD, ...Object.keys(saved)],
    ...Object.values(layers["lm_head"]?.names ?? {}),
  ];
  /** Whole modules in the base's place; the adapter's matrices beside them. */
  const inside = (given: Params, names?: readonly string[]): Params => {
    outside.expect(given);
    const params = names ? among(given, outside.base, names) : { ...outside.base, ...given };
    if (!unties && Object.keys(saved).length === 0) return params;
    const rest = Object.entries(params).filter(([name]) => !Object.hasOwn(saved, name));
    const embedding = params[EMBEDDING];
    return Object.fromEntries([
      ...rest,
      ...(unties && embedding ? [[HEAD, embedding] as const] : []),
      ...Object.entries(saved).flatMap(([name, of]) => {
        const tensor = params[name];
        return tensor ? [[of, tensor] as const] : [];
      }),
    ]);
  };
  return Object.freeze<Transformer>({
    config: inner.config,
    shapes: outside.shapes,
    init: outside.init,
    weightSpace: outside.weightSpace,
    apply: (params, ...rest) => inner.apply(inside(params), ...rest),
    hidden: (params, ...rest) => inner.hidden(inside(params), ...rest),
    head: (params, ...rest) => inner.head(inside(params, ofHead), ...rest),
    prefill: (params, ...rest) => inner.prefill(inside(params), ...rest),
    decode: (params, ...rest) => inner.decode(inside(params), ...rest),
    extend: (params, ...rest) => inner.extend(inside(params), ...rest),
  });
}

/** Those of some names, the given ones before the base's. */
const among = (given: Params, base: Params, names: readonly string[]): Params =>
  Object.fromEntries(
    names.flatMap((name) => {
      const tensor = given[name] ?? base[name];
      return tensor ? [[name, tensor] as const] : [];
    }),
  );
