import { anchoredMethods } from "../../anchored/objectives/kinds.ts";
import {
  type Attempt,
  type Certified,
  type Distributions,
  isRow,
  type Measurement,
  type Planned,
  type Probe,
  type Progress,
  type RowResult,
  rowOfMeasurement,
  type Scores,
} from "../../experiment/measurements.ts";
import { baseOf, type Recipe, type RowRecipe } from "../../experiment/recipe.ts";
import { mean } from "../../experiment/summary/statistics.ts";
import type { Figures, Sample, Student, Trouble } from "../worker/protocol.ts";

/**
 * Where a run stands; `"cut off"` when its tab was closed, `"elsewhere"` when another tab has it,
 * `"recorded"` for the one that comes with the page.
 */
export type Status =
  | "starting"
  | "running"
  | "paused"
  | "finished"
  | "stopped"
  | "cut off"
  | "elsewhere"
  | "failed"
  | "recorded";

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
  /** What each row's model said, by the row's id. */
  samples: Readonly<Record<string, readonly Sample[]>>;
  /** The newest look at who is being trained; its version counts looks. */
  student: (Student & { readonly version: number }) | undefined;
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

export const baseRow = ({ recipe }: Run): RowRecipe => baseOf(recipe);

/** The rows that are trained or merged: all but the base. */
export const tunedRows = ({ recipe }: Run): readonly RowRecipe[] => recipe.rows.slice(1);

export const resultOf = ({ measurements }: Run, row: RowRecipe): RowResult | undefined =>
  measurements.find((m): m is RowResult => isRow(m) && m.row === row.id);

/** How a row came about. */
export const attemptOf = ({ measurements }: Run, row: RowRecipe): Attempt | undefined =>
  measurements.find((m): m is Attempt => m.kind === "attempt" && m.row === row.id);

/** Whether a method has outer steps, and so certificates. */
export const isAnchored = (method: RowRecipe["method"]): boolean =>
  anchoredMethods.some((anchored) => anchored === method);

/** How a row's training went; the base's is pre-training. */
export const progressOf = ({ recipe, measurements }: Run, row: RowRecipe): Progress[] =>
  measurements.filter(
    (m): m is Progress =>
      m.kind === "progress" && rowOfMeasurement(m, baseOf(recipe).id) === row.id,
  );

export const certificatesOf = ({ measurements }: Run, row: RowRecipe): Certified[] =>
  measurements.filter((m): m is Certified => m.kind === "certificate" && m.row === row.id);

/** What a row with a risk had planned. */
export const plannedOf = ({ measurements }: Run, row: RowRecipe): Planned | undefined =>
  measurements.find((m): m is Planned => m.kind === "retention" && m.row === row.id);

/** What chosen tokens' distributions became, outer step after outer step. */
export const distributionsOf = ({ measurements }: Run, row: RowRecipe): Distributions[] =>
  measurements.filter((m): m is Distributions => m.kind === "distributions" && m.row === row.id);

const isProbe =
  (row: RowRecipe) =>
  (m: Measurement): m is Probe =>
    m.kind === "probe" && m.row === row.id;

/** How a row did at each step at which it was looked at; the base, as it began, first. */
export function looksOf(run: Run, row: RowRecipe): Look[] {
  const base = resultOf(run, baseRow(run));
  if (!base) return [];
  const probes = run.measurements.filter(isProbe(row));
  const steps = probes[0]?.steps ?? progressOf(run, row)[0]?.steps ?? 0;
  // Probes ask fewer questions than the end does: each is compared with the base asked as many.
  const asked = probes.find(({ step }) => step === 0) ?? base;
  const look = (m: Scores, step: number, from: Scores, final: boolean): Look => {
    const { target, prior, klFromBase, signOff } = m;
    const whole = mean(Object.values(from.prior));
    const kept = whole > 0 ? mean(Object.values(prior)) / whole : 1;
    return { step, steps, target, prior, klFromBase, signOff, kept, final };
  };
  const result = resultOf(run, row);
  const before = probes.filter(({ step }) => step > 0 && !(result && step === steps));
  const begun = steps > 0 || result !== undefined;
  return [
    ...(begun ? [look(base, 0, base, false)] : []),
    ...before.map((probe) => look(probe, probe.step, asked, false)),
    ...(result ? [look(result, steps, base, true)] : []),
  ];
}
