import type { Certified, Measurement, Progress, RowResult } from "../../experiment/measurements.ts";
import type { Recipe, RowRecipe } from "../../experiment/recipe.ts";
import type { Figures, Sample, Trouble } from "../worker/protocol.ts";

/** Where a run stands; `"cut off"` when its tab was closed, `"elsewhere"` when another tab has it. */
export type Status =
  | "starting"
  | "running"
  | "paused"
  | "finished"
  | "stopped"
  | "cut off"
  | "elsewhere"
  | "failed";

/** A run as the page shows it. */
export interface Run {
  readonly name: string;
  readonly recipe: Recipe;
  readonly seed: number;
  /** Made of parameters that a link carries. */
  readonly address: string;
  status: Status;
  backend: string;
  device: string;
  /** Why this back end was taken. */
  reason: string;
  readonly started: string;
  measurements: Measurement[];
  figures: Figures | undefined;
  /** Highest memory seen, bytes. */
  samples: Readonly<Record<string, readonly Sample[]>>;
  trouble: { readonly kind: Trouble; readonly message: string } | undefined;
  /** Whether it is drawn. */
  shown: boolean;
}

/** How a row does at some step; shares from 0 to 1, nats a token. */
export interface Look {
  readonly step: number;
  readonly steps: number;
  readonly target: number;
  readonly prior: Readonly<Record<string, number>>;
  readonly klFromBase: number;
  readonly signOff: number;
  /** The mean prior skill as a share of the base's. */
  readonly kept: number;
  /** Whether this is how the row ended. */
  readonly final: boolean;
}

const mean = (xs: readonly number[]): number => xs.reduce((sum, x) => sum + x, 0) / xs.length;

export const isRow = (m: Measurement): m is RowResult => m.kind === "row";

export const baseRow = ({ recipe }: Run): RowRecipe => recipe.rows[0] as RowRecipe;

/** The rows that are trained or merged: all but the base. */
export const tunedRows = ({ recipe }: Run): readonly RowRecipe[] => recipe.rows.slice(1);

export const resultOf = ({ measurements }: Run, row: RowRecipe): RowResult | undefined =>
  measurements.find((m): m is RowResult => m.kind === "row" && m.row === row.id);

/** The stage of a row: pre-training makes the base. */
export const stageOf = (row: RowRecipe): string =>
  row.method === "base" ? "pre-training" : row.id;

export const progressOf = ({ measurements }: Run, row: RowRecipe): Progress[] =>
  measurements.filter((m): m is Progress => m.kind === "progress" && m.stage === stageOf(row));

export const certificatesOf = ({ measurements }: Run, row: RowRecipe): Certified[] =>
  measurements.filter((m): m is Certified => m.kind === "certificate" && m.row === row.id);

/** Steps of a row's training, as far as is known. */
const stepsOf = (run: Run, row: RowRecipe): number => progressOf(run, row)[0]?.steps ?? 0;

/** How a row did at each step at which it was looked at, the base as it began first. */
export function looksOf(run: Run, row: RowRecipe): Look[] {
  const base = resultOf(run, baseRow(run));
  if (!base) return [];
  const steps = stepsOf(run, row);
  const whole = mean(Object.values(base.prior));
  const look = (m: RowResult, step: number): Look => {
    const { target, prior, klFromBase, signOff } = m;
    const kept = whole > 0 ? mean(Object.values(prior)) / whole : 1;
    return { step, steps, target, prior, klFromBase, signOff, kept, final: m.row === row.id };
  };
  const result = resultOf(run, row);
  const begun = steps > 0 || result !== undefined;
  return [...(begun ? [look(base, 0)] : []), ...(result ? [look(result, steps)] : [])];
}
