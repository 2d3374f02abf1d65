import type { Backend } from "../../engines/create.ts";
import type { MemoryUse } from "../../engines/device.ts";
import type { Measurement } from "../../experiment/measurements.ts";
import type { RunConfig } from "../../experiment/runs/run.ts";

/** What a training worker runs: a new run, or one that was cut off. */
export interface Assignment {
  /** The run's name in the browser's storage. */
  readonly name: string;
  readonly engine: Backend;
  readonly threads: number;
  /** A new run: what will be its configuration, but for what the engine adds, and its link. */
  readonly fresh?: Pick<RunConfig, "recipe" | "seeds"> & { readonly address: string };
  /** Whether to pre-train rather than take the base that comes with the page. */
  readonly scratch: boolean;
}

/** What the page tells a training worker. */
export type Order =
  | { readonly kind: "run"; readonly assignment: Assignment }
  | { readonly kind: "pause" | "go" | "step" | "stop" };

/** Figures about the machine while it trains. */
export interface Figures {
  readonly memory: MemoryUse;
  /** Positions that training goes through a second, padding included, since the first loss of the row. */
  readonly tokensPerSecond: number;
  /** Milliseconds a step, since the first loss of the row. */
  readonly stepTime: number;
  /** What the backend counts about a training step: kernels, launches, bytes. */
  readonly step: Readonly<Record<string, number>>;
}

/** What a model says to a prompt, as symbols. */
export interface Sample {
  readonly skill: string;
  readonly prompt: readonly string[];
  readonly expected: readonly string[];
  readonly said: readonly string[];
}

/** Weights at which training was looked at. */
export interface Student {
  readonly row: string;
  /** Outer step, from 0. */
  readonly outer: number;
  readonly alpha?: number;
  /** Safetensors. */
  readonly weights: Uint8Array;
}

/** How a run ended that did not come to its end. */
export type Trouble = "lost" | "memory" | "storage" | "engine" | "other";

/** What a training worker tells the page. */
export type Report =
  | {
      readonly kind: "engine";
      readonly config: RunConfig;
      readonly reason: string;
      /** Whether the run is kept when the tab closes. */
      readonly kept: boolean;
    }
  | { readonly kind: "measurement"; readonly measurement: Measurement }
  | { readonly kind: "figures"; readonly figures: Figures }
  | { readonly kind: "student"; readonly student: Student }
  | { readonly kind: "samples"; readonly row: string; readonly samples: readonly Sample[] }
  /** A file for the page to keep, where the browser's storage keeps none. */
  | { readonly kind: "file"; readonly path: string; readonly content: string | Uint8Array }
  | { readonly kind: "paused" | "running" | "finished" | "stopped" }
  | { readonly kind: "failed"; readonly trouble: Trouble; readonly message: string };
