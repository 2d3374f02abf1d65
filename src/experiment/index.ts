/** Studies, their runs in folders, sweeps and reports: `anchorgrad/experiment`, for Node alone. */
export { alphaFor } from "../anchored/objectives/interpolations.ts";
export { checkRecipe } from "./checkRecipe.ts";
export { type ExperimentOptions, experiment } from "./experiment.ts";
export { diagnose, type KindCheck, type RowCheck, type SeedDiagnosis } from "./look/diagnose.ts";
export {
  type Diagnosis,
  flippedAt,
  type Suggestion,
  suggest,
  type TokenFlips,
  type TokenKind,
} from "./look/diagnosis.ts";
export type { Certified, Measurement, Probe, Progress, RowResult } from "./measurements.ts";
export type {
  CheckpointRecipe,
  PretrainedRecipe,
  Recipe,
  RowRecipe,
  Tuning,
  TuningSettings,
} from "./recipe.ts";
export { fullRecipe } from "./recipes/full.ts";
export { smokeRecipe } from "./recipes/smoke.ts";
export { type DataTable, toCsv } from "./report/export/csv.ts";
export { dataTables } from "./report/export/dataTables.ts";
export { type ReportedRun, readRuns, reportMarkdown, reportPage } from "./report/index.ts";
export { createRun, reopenRun } from "./runs/directory.ts";
export type { Failure, RunConfig, RunDirectory } from "./runs/run.ts";
export { type Job, planJobs } from "./sweep/plan.ts";
export { type ProcessOptions, processes } from "./sweep/processes.ts";
export { runSweep, type SweepEvent, type SweepOptions } from "./sweep/runSweep.ts";
export {
  JobCancelled,
  type Requirements,
  requirementsOf,
  type Scheduler,
  WorkerLost,
} from "./sweep/scheduler.ts";
export { openSweep, type Sweep, type SweepDirectory, type SweepStudy } from "./sweep/sweep.ts";
