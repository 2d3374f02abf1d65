import type { Engine } from "../engines/engine.ts";
import { EMBEDDING, HEAD, type Params, type TransformerConfig } from "../nn/config.ts";
import { adapterLayout } from "../nn/lora/layout.ts";
import { mergedParts } from "../nn/lora/merge.ts";
import { inParts, type TensorParts, wholeOf, widenedParts } from "../tensor/parts.ts";
import { isConstant, type Tensor } from "../tensor/tensor.ts";
import type { LoadedModel } from "./load.ts";
import { partsOf } from "./partsOf.ts";

/** The parameters of a model without an adapter, that come to the host part by part. */
export interface HostParams {
  readonly config: TransformerConfig;
  /** Names and shapes, of tensors that may be elsewhere. */
  readonly params: Params;
  stream(name: string): TensorParts;
}

/**
 * A tensor's numbers on the host, in parts, as floats.
 * @throws TypeError where it is on an engine that was not given
 */
function streamed(tensor: Tensor, name: string, engine?: Engine): TensorParts {
  if (isConstant(tensor)) return widenedParts(inParts(tensor));
  if (!engine)
    throw new TypeError(
      `save: expected ${name} on the host, or the engine that it is on, got a ${tensor.op} tensor`,
    );
  const { shape, dtype } = tensor;
  return widenedParts({ shape, dtype, parts: () => engine.readParts(tensor) });
}

/** Brings a tensor to the host. @throws TypeError where it is on an engine that was not given */
export const onHost = async (tensor: Tensor, name: string, engine?: Engine): Promise<Tensor> =>
  isConstant(tensor) ? tensor : wholeOf(streamed(tensor, name, engine), name);

/** A model's parameters; with an adapter, each with its part of it worked in. @see mergeAdapter */
export async function hostParams(
  loaded: Pick<LoadedModel, "config" | "base" | "adapter" | "params">,
  engine?: Engine,
): Promise<HostParams> {
  const { config, adapter: kind } = loaded;
  const { base, adapter } = partsOf(loaded);
  if (!kind)
    return { config, params: base, stream: (name) => streamed(expectIn(base, name), name, engine) };
  const layout = adapterLayout(kind, loaded.base);
  const own: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(adapter))
    own[name] = await onHost(tensor, name, engine);
  return {
    config: layout.unties ? { ...config, tieEmbeddings: false } : config,
    params: layout.unties ? { ...base, [HEAD]: expectIn(base, EMBEDDING) } : base,
    stream(name) {
      const from = name in base ? name : EMBEDDING;
      return mergedParts(layout, name, streamed(expectIn(base, from), from, engine), own);
    },
  };
}

function expectIn(params: Params, name: string): Tensor {
  const tensor = params[name];
  if (tensor) return tensor;
  throw new TypeError(`save: expected parameter ${name}, got none`);
}
