export { biasedAttention, causalAttention } from "./attention.ts";
export type { DecodeInputs, Prefilled } from "./cache.ts";
export type { FullConfig, Params, TransformerConfig } from "./config.ts";
export type { KeyValue } from "./decoder.ts";
export { gelu, linear, logSoftmax, rmsNorm, sigmoid, softmax, swiglu } from "./functions.ts";
export { generate } from "./generate.ts";
export type { GenerateOptions, SamplingOptions } from "./generateOptions.ts";
export { type GenerationDefaults, generationOptionsOf } from "./generationConfig.ts";
export { adaptedModel, withAdapter } from "./lora/adapted.ts";
export type { AdapterConfig, LoraOptions } from "./lora/adapterConfig.ts";
export {
  adapterSquaredDistance,
  type ConfiguredAdapter,
  interpolateAdapters,
  interpolateWithBase,
} from "./lora/algebra.ts";
export { adapterConfigJson, adapterConfigOf } from "./lora/peftConfig.ts";
export { type Lora, lora, loraOf } from "./lora.ts";
export {
  crossEntropy,
  klDivergence,
  maskedMean,
  type SumAndCount,
  summedCrossEntropy,
  tokenCrossEntropy,
} from "./losses.ts";
export { type RopeTables, rope, ropeTables } from "./rope.ts";
export { type Transformer, transformer } from "./transformer.ts";
