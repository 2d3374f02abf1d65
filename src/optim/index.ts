export {
  type Accumulated,
  type Accumulation,
  accumulate,
  accumulation,
  type SummedLoss,
} from "./accumulate.ts";
export { type AdamwOptions, type AdamwState, adamw, type Decays, decaysMatrices } from "./adamw.ts";
export { chain } from "./chain.ts";
export { clipByGlobalNorm, globalNorm, gradientNorm } from "./clip.ts";
export { type LionOptions, type LionState, lion } from "./lion.ts";
export { mofo } from "./mofo.ts";
export { type MuonOptions, type MuonState, muon } from "./muon.ts";
export { applyUpdates, mapTensors, type Optimizer, type TensorTree } from "./optimizer.ts";
export { rounded } from "./rounded.ts";
export type { Schedule, WarmupOptions } from "./schedules.ts";
export * as schedules from "./schedules.ts";
export { type SgdOptions, type SgdState, sgd } from "./sgd.ts";
