import type { Engine } from "../engines/engine.ts";
import { EMBEDDING, HEAD, type Params, type TransformerConfig } from "../nn/config.ts";
import { type AdapterLayout, adapterLayout } from "../nn/lora/layout.ts";
import { mergeAdapter } from "../nn/lora/merge.ts";
import { constant } from "../tensor/apply.ts";
import { isConstant, type Tensor } from "../tensor/tensor.ts";
import { type LoadedModel, partsOf } from "./load.ts";

/** The parameters of a model without an adapter, that come to the host one at a time. */
export interface HostParams {
  readonly config: TransformerConfig;
  /** Names and shapes, of tensors that may be elsewhere. */
  readonly params: Params;
  read(name: string): Promise<Tensor>;
}

/** Brings a tensor to the host. @throws TypeError where it is on an engine that was not given */
export async function onHost(tensor: Tensor, name: string, engine?: Engine): Promise<Tensor> {
  if (isConstant(tensor)) return tensor;
  if (!engine)
    throw new TypeError(
      `save: expected ${name} on the host, or the engine that it is on, got a ${tensor.op} tensor`,
    );
  return constant(await engine.read(tensor), tensor.shape);
}

/** A model's parameters; with an adapter, each with its part of it worked in. @see mergeAdapter */
export async function hostParams(
  loaded: Pick<LoadedModel, "config" | "base" | "adapter" | "params">,
  engine?: Engine,
): Promise<HostParams> {
  const { config, adapter: kind } = loaded;
  const { base, adapter } = partsOf(loaded);
  if (!kind)
    return { config, params: base, read: (name) => onHost(expectIn(base, name), name, engine) };
  const layout = adapterLayout(kind, loaded.base);
  const own: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(adapter))
    own[name] = await onHost(tensor, name, engine);
  const source = (name: string): string => (name in base ? name : EMBEDDING);
  return {
    config: layout.unties ? { ...config, tieEmbeddings: false } : config,
    params: layout.unties ? { ...base, [HEAD]: expectIn(base, EMBEDDING) } : base,
    read: async (name) => {
      const from = source(name);
      const tensor = await onHost(expectIn(base, from), from, engine);
      return expectIn(mergeAdapter(partOf(layout, name), { [from]: tensor }, own), name);
    },
  };
}

/** What of an adapter concerns one parameter. */
function partOf({ layers, saved, shapes, unties }: AdapterLayout, name: string): AdapterLayout {
  const keep = <T>(record: Readonly<Record<string, T>>, is: (key: string, value: T) => boolean) =>
    Object.fromEntries(Object.entries(record).filter(([key, value]) => is(key, value)));
  return {
    layers: keep(layers, (module) => `${module}.weight` === name),
    saved: keep(saved, (_, of) => of === name),
    shapes,
    unties: unties && name === HEAD,
  };
}

function expectIn(params: Params, name: string): Tensor {
  const tensor = params[name];
  if (tensor) return tensor;
  throw new TypeError(`save: expected parameter ${name}, got none`);
}
