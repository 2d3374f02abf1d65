import type { EngineOptions } from "../../engines/create.ts";
import type { FinetuneJob } from "./finetuneJob.ts";
import type { FinetuneFacts } from "./finetuneResult.ts";

/** What a process is started with: its only argument, as JSON. */
export interface ChildSettings {
  readonly engine: EngineOptions;
  readonly versions: Readonly<Record<string, string>>;
}

/** Asks for a run. */
export interface ChildRequest {
  readonly job: FinetuneJob;
  /** The run's folder, which may hold an unfinished one. */
  readonly out: string;
  /** Where the files of each role lie: `<inputs>/data/mine.jsonl`. */
  readonly inputs: string;
}

/** How far a run has come. */
export interface FinetuneProgress {
  readonly kind: "finetune";
  readonly stage: string;
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
}

/** What it answers; the last is `done`, `unfit` or `failed`. */
export type ChildReply =
  | FinetuneProgress
  | { readonly kind: "done"; readonly facts: Pick<FinetuneFacts, "seconds" | "device"> }
  /** This machine cannot run it; another one may. */
  | { readonly kind: "unfit"; readonly message: string }
  | { readonly kind: "failed"; readonly message: string; readonly stack: string | undefined };
