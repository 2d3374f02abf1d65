export {
  type Batch,
  type CollateOptions,
  checkExamples,
  collate,
  type Example,
  type ExampleLimits,
  shuffledBatches,
} from "./batches.ts";
export {
  type Certificate,
  type CertificateOptions,
  type CertificateTerms,
  certificate,
} from "./certificate.ts";
export type {
  CumulativeCertificate,
  SequenceCertificate,
  StepCertificate,
} from "./certifier.ts";
export {
  type Divergence,
  jeffreys,
  jensenShannon,
  kl,
  squaredHellinger,
  totalVariation,
} from "./divergences.ts";
export {
  type FineTuneEnd,
  type FineTuneStep,
  fineTune,
  type Measurement,
  type OuterMeasurement,
  type ProbeMeasurement,
} from "./fineTune.ts";
export { type Flip, flipOf, flipThreshold } from "./flips.ts";
export {
  effectiveWeight,
  type Interpolate,
  type Interpolation,
  interpolate,
} from "./interpolations.ts";
export { generalizedJensenShannon } from "./jensenShannon.ts";
export {
  type AnchoredLossOptions,
  anchoredLoss,
  type FrozenAnchorLossOptions,
  frozenAnchorLoss,
} from "./losses.ts";
export type {
  Direction,
  Objective,
  ObjectiveInputs,
  ObjectiveSettings,
  TargetKind,
} from "./objective.ts";
export { type Method, objectiveLoss, objectiveSum, objectives } from "./objectives.ts";
export type { Alpha, Decay, FineTuneOptions } from "./options.ts";
export type { LanguageModel } from "./responseRows.ts";
export {
  type Checkpoint,
  type StepMeasurement,
  type TrainingBatch,
  type TrainingEnd,
  type TrainingMeasurement,
  type TrainingProbe,
  type TrainingState,
  type TrainStepsOptions,
  trainSteps,
} from "./trainSteps.ts";
export {
  type CertificateMeans,
  checkCertificate,
  hasLinearBound,
  type Verdict,
  type VerdictOptions,
  verdict,
} from "./verdict.ts";
export { interpolateWeights, squaredDistance } from "./weights.ts";
