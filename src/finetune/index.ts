/** Whole fine-tuning runs, in folders of this machine: `anchorgrad/finetune`, for Node alone. */
export {
  type CheckpointDiagnosis,
  type DiagnoseOptions,
  diagnose,
  effectOf,
  type Speaker,
  type TokenKind,
  type TokenSet,
  tokenKinds,
  type WeightEffect,
  weightThatAdopts,
} from "./diagnose.ts";
export {
  type FeatureOptions,
  type Features,
  featuresOf,
  type Retained,
  type Tried,
  type Unit,
} from "./diagnosis/features.ts";
export {
  type Advice,
  type AdvisedFamily,
  type Reason,
  type RecommendOptions,
  recommend,
} from "./diagnosis/recommend.ts";
export { runFinetune } from "./finetune.ts";
export { completeRecipe, type FinetuneRecipe, type RecipeOptions } from "./recipe.ts";
export { writeReport } from "./report/index.ts";
export type {
  BestEvent,
  CertificateEvent,
  FinetuneEvent,
  Line,
  LookEvent,
  PlanEvent,
  RetentionEvent,
  SampleEvent,
  SavedEvent,
  SetName,
  StepEvent,
} from "./train/events.ts";
export type { FinetuneOptions } from "./train/prepare.ts";
