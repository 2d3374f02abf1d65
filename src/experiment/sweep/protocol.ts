import type { EngineOptions } from "../../engines/create.ts";
import type { Measurement, Place } from "../measurements.ts";
import type { Job } from "./plan.ts";

/** What a worker is started with: its only argument, as JSON. */
export interface WorkerOptions {
  readonly engine: EngineOptions;
  /** Folder of finished pre-trainings. */
  readonly pretrained: string;
  /** The machine that both run on. */
  readonly place?: Place;
}

/** Asks a worker to run a job; it answers with replies, the last of which is `done` or `failed`. */
export interface Request {
  readonly job: Pick<Job, "recipe" | "seed" | "row">;
  /** Folder of the weights of the job's recipe. */
  readonly checkpoints: string;
  /** Folder of the rows on their way of the job's recipe. */
  readonly unfinished: string;
  /** Whether to keep weights that no other job needs. */
  readonly keepWeights: boolean;
}

export type Reply =
  | { readonly kind: "measured"; readonly measurement: Measurement }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly message: string; readonly stack: string | undefined };
