/** Whole fine-tuning runs, in folders of this machine: `anchorgrad/finetune`, for Node alone. */
export { runFinetune } from "./finetune.ts";
export { completeRecipe, type FinetuneRecipe, type RecipeOptions } from "./recipe.ts";
export { writeReport } from "./report/index.ts";
export type {
  CertificateEvent,
  FinetuneEvent,
  LookEvent,
  PlanEvent,
  SampleEvent,
  StepEvent,
} from "./train/events.ts";
export type { FinetuneOptions } from "./train/prepare.ts";
