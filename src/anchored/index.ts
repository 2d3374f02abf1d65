export {
  type Batch,
  type CollateOptions,
  collate,
  type Layout,
  shuffledBatches,
} from "../train/batches.ts";
export {
  checkExamples,
  type Example,
  type ExampleLimits,
  type MarkedTokens,
  type PromptResponse,
} from "../train/examples.ts";
export { TrainingError } from "../train/guard.ts";
export {
  type Checkpoint,
  type Every,
  type StepMeasurement,
  type TrainingBatch,
  type TrainingEnd,
  type TrainingMeasurement,
  type TrainingProbe,
  type TrainingState,
  type TrainStepsOptions,
  trainSteps,
} from "../train/trainSteps.ts";
export {
  type Certificate,
  type CertificateOptions,
  type CertificateTerms,
  certificate,
} from "./certificates/certificate.ts";
export type {
  Certified,
  CumulativeCertificate,
  LossLedger,
  SequenceCertificate,
  StepCertificate,
} from "./certificates/certifier.ts";
export {
  allowedLosses,
  auditSteps,
  certifiedWeight,
  promptsNeeded,
  type Risk,
  upperRisk,
} from "./certificates/retention.ts";
export {
  type CertificateMeans,
  checkCertificate,
  hasLinearBound,
  type Verdict,
  type VerdictOptions,
  verdict,
} from "./certificates/verdict.ts";
export {
  type FineTuneEnd,
  type FineTuneStep,
  fineTune,
  type Measurement,
  type OuterMeasurement,
  type ProbeMeasurement,
  type RetentionMeasurement,
} from "./fineTune.ts";
export { type FisherOptions, fisherDiagonal } from "./fisher.ts";
export { type Gradient, projected, sharpnessAware } from "./gradients.ts";
export {
  type Divergence,
  jeffreys,
  jensenShannon,
  kl,
  squaredHellinger,
  totalVariation,
} from "./objectives/divergences.ts";
export {
  effectiveWeight,
  type Interpolate,
  type Interpolation,
  interpolate,
} from "./objectives/interpolations.ts";
export { generalizedJensenShannon } from "./objectives/jensenShannon.ts";
export { objectiveLoss, objectiveSum } from "./objectives/loss.ts";
export {
  type AnchoredLossOptions,
  anchoredLoss,
  type FrozenAnchorLossOptions,
  frozenAnchorLoss,
} from "./objectives/losses.ts";
export { type DareOptions, dareMerge, type TiesOptions, tiesMerge } from "./objectives/merges.ts";
export { type Method, objectives } from "./objectives/methods.ts";
export type {
  Direction,
  Objective,
  ObjectiveInputs,
  ObjectiveSettings,
  PenaltyInputs,
  TargetKind,
} from "./objectives/objective.ts";
export { type TokenView, type TokenWeight, weighted } from "./objectives/tokenWeights.ts";
export {
  interpolateWeights,
  squaredDistance,
  weightedSquaredDistance,
} from "./objectives/weights.ts";
export type { Alpha, Decay, FineTuneOptions } from "./options.ts";
export {
  type BatchPlan,
  type CertifyPlan,
  type MethodPlan,
  type Plan,
  planFineTune,
  type SchedulePlan,
} from "./plan.ts";
export type { FineTuneCheckpoint } from "./resume.ts";
export type {
  PlannedRetention,
  Retain,
  Retention,
  RetentionPlan,
  Slack,
} from "./retention/retain.ts";
export {
  type OwnAnswersOptions,
  type OwnReplayOptions,
  type OwnTextsOptions,
  ownAnswers,
  ownReplay,
  ownTexts,
} from "./selfData.ts";
export type { StatesDtype } from "./targets/codedStates.ts";
export { type Flip, flipDivergence, flipOf, flipThreshold } from "./targets/flips.ts";
export type { TargetsKind } from "./targets/kinds.ts";
export type { LanguageModel } from "./targets/languageModel.ts";
export type { Targets } from "./targets/targets.ts";
export type { VectorInputs, VectorSettings } from "./vectors/cases.ts";
export { evaluateVector, type VectorResult } from "./vectors/evaluate.ts";
export { type LossVector, type LossVectors, lossVectors } from "./vectors/vectors.ts";
