export {
  biasedAttention,
  causalAttention,
  type Range,
  rangeAttention,
  type Scores,
} from "./attention.ts";
export type { DecodeInputs, Prefilled } from "./cache.ts";
export type { FullConfig, LayerType, Params, TransformerConfig } from "./config.ts";
export type { KeyValue } from "./decoder.ts";
export {
  dropout,
  gelu,
  linear,
  logSoftmax,
  rmsNorm,
  sigmoid,
  softmax,
  swiglu,
} from "./functions.ts";
export { generate } from "./generate/generate.ts";
export { type GenerationDefaults, generationOptionsOf } from "./generate/generationConfig.ts";
export type { GenerateOptions, SamplingOptions } from "./generate/options.ts";
export {
  configOf,
  huggingFaceConfig,
  type LoadedParams,
  type NamedTensors,
  paramsFrom,
  type Stored,
  storedTensors,
  type TensorToWrite,
  tensorsFor,
} from "./huggingFace/index.ts";
export type { Layout } from "./layout.ts";
export { adaptedModel, withAdapter } from "./lora/adapted.ts";
export type { AdapterConfig, LoraOptions } from "./lora/adapterConfig.ts";
export {
  adapterSquaredDistance,
  interpolateAdapters,
  interpolateWithBase,
} from "./lora/algebra.ts";
export type { ConfiguredAdapter } from "./lora/factors.ts";
export { adapterConfigJson, adapterConfigOf } from "./lora/peftConfig.ts";
export { type Lora, lora, loraOf } from "./lora.ts";
export {
  type CrossEntropyOptions,
  crossEntropy,
  klDivergence,
  maskedMean,
  mse,
  type SumAndCount,
  summedCrossEntropy,
  type TokenOptions,
  tokenCrossEntropy,
} from "./losses.ts";
export { layerNorm, type NormPlacement } from "./norms.ts";
export { type RopeTables, rope, ropeTables } from "./rope.ts";
export type { Rope, RopeScaling } from "./ropeScaling.ts";
export { type Transformer, transformer, type WeightSpace } from "./transformer.ts";
