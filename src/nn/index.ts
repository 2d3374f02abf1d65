export { biasedAttention, causalAttention, type Scores } from "./attention.ts";
export type { DecodeInputs, Prefilled } from "./cache.ts";
export type { FullConfig, LayerType, Params, TransformerConfig } from "./config.ts";
export type { KeyValue } from "./decoder.ts";
export { gelu, linear, logSoftmax, rmsNorm, sigmoid, softmax, swiglu } from "./functions.ts";
export { generate } from "./generate.ts";
export type { GenerateOptions } from "./generateOptions.ts";
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
export {
  crossEntropy,
  klDivergence,
  maskedMean,
  type SumAndCount,
  summedCrossEntropy,
  tokenCrossEntropy,
} from "./losses.ts";
export { layerNorm, type NormPlacement } from "./norms.ts";
export { type RopeTables, rope, ropeTables } from "./rope.ts";
export type { Rope, RopeScaling } from "./ropeScaling.ts";
export { type Transformer, transformer } from "./transformer.ts";
