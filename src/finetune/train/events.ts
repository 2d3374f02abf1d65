import type { StepCertificate } from "../../anchored/certificates/certifier.ts";
import type { RetentionPlan } from "../../anchored/retention/retain.ts";
import type { TargetsKind } from "../../anchored/targets/kinds.ts";
import type { Left } from "../../text/examples.ts";

/** What is going to happen, from before the first step. */
export interface PlanEvent {
  readonly kind: "plan";
  readonly model: string;
  /** Rows of the data, and examples that they became. */
  readonly rows: number;
  readonly examples: number;
  readonly left: readonly Left[];
  readonly truncated: number;
  /** Of the examples; those that are learnt. */
  readonly tokens: number;
  readonly targets: number;
  /** Of all stages. */
  readonly steps: number;
  readonly parameters: number;
  /** Trained parameters. */
  readonly trainable: number;
  /** On the engine, at the fullest moment of a step: planned, from the shapes. */
  readonly memoryBytes: number;
  /** Whether each block is computed again for its gradient. */
  readonly gradientCheckpointing?: boolean;
  /** Whether the rows under `eval` are the first ones of the data. */
  readonly evalIsData: boolean;
  readonly versions: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

/** An optimizer step of a fine-tune. */
export interface StepEvent {
  readonly kind: "step";
  /** `"sft"` or the method's name. */
  readonly stage: string;
  /** From 1, in its stage, and how many those are. */
  readonly step: number;
  readonly steps: number;
  /** From 0; of methods with a frozen anchor. */
  readonly outer?: number;
  /** Nats a token; of which divergence, the method says. */
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number | undefined;
  readonly tokens: number;
  readonly responseTokens: number;
}

/** Which step of a stage was kept: that of the look with the least log-loss on held-out rows. */
export interface BestEvent {
  readonly kind: "best";
  readonly stage: string;
  readonly step: number;
  /** Of the stage that were done. */
  readonly steps: number;
  /** On `eval`, nats a token. */
  readonly logLoss: number;
}

/** What a model says at the answers of a set of prompts. */
export interface LookEvent {
  readonly kind: "look";
  /** `"base"`, `"sft"` or the method's name. */
  readonly stage: string;
  readonly step: number;
  readonly set: SetName;
  /** KL(p_base ‖ p_θ), nats a token. */
  readonly kl: number;
  /** Of the answers, nats a token. */
  readonly logLoss: number;
  readonly perplexity: number;
  /** Shares of the prompts: greedy answers that equal the given ones, that differ from the base's. */
  readonly exact?: number;
  readonly changed?: number;
}

/** The sets that are looked at: what is to be kept, and what is to be learnt. */
export type SetName = "retain" | "eval";

/** What an outer step did and what bounds it. */
export type CertificateEvent = StepCertificate & {
  readonly kind: "certificate";
  /** From 0. */
  readonly outer: number;
  readonly alpha: number;
  readonly targets: TargetsKind;
};

/** What is planned of retained answers, before the method's first step. */
export type RetentionEvent = RetentionPlan;

/** A greedy answer. */
export interface SampleEvent {
  readonly kind: "sample";
  readonly stage: string;
  readonly set: SetName;
  /** Of the prompt, in its set. */
  readonly index: number;
  readonly prompt: string;
  readonly answer: string;
  readonly wanted?: string;
}

/** An adapter or a model that was written. */
export interface SavedEvent {
  readonly kind: "saved";
  readonly what: "adapter" | "model";
  /** In the run's folder. */
  readonly path: string;
}

/** A line of metrics.jsonl: no times, so that equal runs write equal files. */
export type Line =
  | PlanEvent
  | StepEvent
  | BestEvent
  | LookEvent
  | RetentionEvent
  | CertificateEvent
  | SampleEvent
  | SavedEvent
  | { readonly kind: "end" };

/** What a run tells while it goes on: its lines, and where it stands. */
export type FinetuneEvent =
  | Line
  /** How long the run will take, about: the work that its sizes ask for, at the engine's speed. */
  | { readonly kind: "estimate"; readonly seconds: number }
  /** The run's folder held an unfinished run, or a finished one. */
  | { readonly kind: "resumed"; readonly stage: string; readonly step: number }
  | { readonly kind: "reused"; readonly what: "sft"; readonly path: string }
  | { readonly kind: "checkpoint"; readonly stage: string; readonly step: number }
  | { readonly kind: "finished"; readonly path: string }
  | { readonly kind: "interrupted"; readonly path: string };
