export * as anchored from "./anchored/index.ts";
export {
  anchoredLoss,
  certificate,
  type Example,
  type FineTuneCheckpoint,
  type FineTuneOptions,
  fineTune,
  type Interpolation,
  interpolate,
  interpolateWeights,
  type MarkedTokens,
  type PromptResponse,
} from "./anchored/index.ts";
export {
  checkGradient,
  type GradientDifference,
  GradientError,
  type GradientOptions,
  type GradientReport,
} from "./engines/checkGradient.ts";
export {
  type Backend,
  createEngine,
  type EngineOptions,
  type MatmulPrecision,
} from "./engines/create.ts";
export type { Engine, Numbers, OnHost } from "./engines/engine.ts";
export type { CompileOptions, Program, ProgramStats } from "./engines/program.ts";
export { standIn } from "./engines/standIn.ts";
export { type ExperimentOptions, experiment } from "./experiment/experiment.ts";
export type { Recipe } from "./experiment/recipe.ts";
export { fullRecipe } from "./experiment/recipes/full.ts";
export { smokeRecipe } from "./experiment/recipes/smoke.ts";
export type { WeightsDtype } from "./finetune/keptAs.ts";
export {
  type LoadedModel,
  type LoadOptions,
  loadModel,
  type ModelSource,
} from "./finetune/load.ts";
export {
  type AdapterToSave,
  type ModelToSave,
  type SaveAdapterOptions,
  type SaveGgufOptions,
  type SaveModelOptions,
  saveAdapter,
  saveGguf,
  saveModel,
} from "./finetune/save.ts";
export * as nn from "./nn/index.ts";
export {
  type AdapterConfig,
  configOf,
  crossEntropy,
  type GenerateOptions,
  generate,
  huggingFaceConfig,
  klDivergence,
  type Layout,
  type LoadedParams,
  type Lora,
  type LoraOptions,
  lora,
  type NamedTensors,
  type Params,
  paramsFrom,
  type SamplingOptions,
  type TensorToWrite,
  type Transformer,
  type TransformerConfig,
  tensorsFor,
  transformer,
  withAdapter,
} from "./nn/index.ts";
export {
  type AdamwOptions,
  accumulate,
  adamw,
  applyUpdates,
  chain,
  clipByGlobalNorm,
  type LionOptions,
  lion,
  type MuonOptions,
  mapTensors,
  mofo,
  muon,
  type Optimizer,
  rounded,
  type Schedule,
  type SgdOptions,
  schedules,
  sgd,
  type TensorTree,
} from "./optim/index.ts";
export {
  full,
  ids,
  type NestedNumbers,
  stored,
  type TensorOptions,
  tensor,
} from "./tensor/apply.ts";
export * as ops from "./tensor/composed/index.ts";
export { DataError, ShapeError } from "./tensor/errors.ts";
export { grad, valueAndGrad, vjp } from "./tensor/grad.ts";
export { stopGradient } from "./tensor/ops.ts";
export { inParts, type TensorParts, wholeOf } from "./tensor/parts.ts";
export * as random from "./tensor/random.ts";
export { checkpoint } from "./tensor/recompute.ts";
export type {
  DataOf,
  DType,
  FloatTensor,
  HostTensor,
  IntTensor,
  Shape,
  StorageType,
  Tensor,
  TypedArray,
} from "./tensor/tensor.ts";
export * as tree from "./tensor/tree.ts";
export {
  type BpeFile,
  type BpeOptions,
  type Chat,
  type ChatFiles,
  type ChatRow,
  type CompletionRow,
  chatTemplate,
  type DataFile,
  type DecodeOptions,
  type EncodedRows,
  type EncodeOptions,
  type ExampleOptions,
  encodeRows,
  type Left,
  loadTokenizer,
  type Message,
  type Rendered,
  type RenderOptions,
  type Row,
  type RowShape,
  type RowsOptions,
  rowsOf,
  type StreamDecoder,
  stopTokensOf,
  type TextExample,
  type TextRow,
  type Tokenizer,
  type TokenizerFiles,
  trainBpe,
} from "./text/index.ts";
export { type Adapter, readAdapter, writeAdapter } from "./weights/adapterFiles.ts";
export type { StoredType } from "./weights/dtypes.ts";
export { type FromGguf, fromGguf } from "./weights/gguf/back.ts";
export { ggufConfig } from "./weights/gguf/config.ts";
export { type Checkpoint, type ToGgufOptions, toGguf } from "./weights/gguf/convert.ts";
export { type Architecture, ggufName, huggingFaceName } from "./weights/gguf/names.ts";
export { type GgufFile, readGguf } from "./weights/gguf/read.ts";
export { ggufTokenizer } from "./weights/gguf/tokenizerJson.ts";
export type { GgufMetadata, GgufTensorType, GgufType, GgufValue } from "./weights/gguf/types.ts";
export { encodeGguf, type GgufContent, type GgufTensor, writeGguf } from "./weights/gguf/write.ts";
export { filesAt, filesOf, type ModelFiles } from "./weights/modelFiles.ts";
export { openWeights } from "./weights/openWeights.ts";
export { openSafetensors, readSafetensors, type Weights } from "./weights/safetensors.ts";
export { type SaveOptions, saveWeights } from "./weights/saveWeights.ts";
export type { FileSource } from "./weights/source.ts";
export { type FilesAtUrlOptions, filesAtUrl } from "./weights/web/filesAtUrl.ts";
export { type DirectoryLike, type FileLike, filesIn } from "./weights/web/filesIn.ts";
export { type UrlOptions, urlReader } from "./weights/web/urlReader.ts";
export {
  blobReader,
  bytesReader,
  type RangeReader,
  type Rows,
  type WeightFile,
} from "./weights/weightFile.ts";
export { type TensorSource, type WriteOptions, writeSafetensors } from "./weights/write.ts";
