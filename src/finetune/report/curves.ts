import * as Plot from "../../report/plot.ts";
import { drawSvg } from "../../report/svg.ts";
import { digits } from "./html.ts";
import type { LookLine, StepLine } from "./lines.ts";
import { type FineTuned, stageColor, stageName, stagesOf } from "./run.ts";

/** A figure with its title, which is a text. */
export interface Figure {
  readonly title: string;
  readonly svg: string;
}

const SIZE = { width: 420, height: 260, marginLeft: 50, marginRight: 20, marginBottom: 36 };

/** More points than pixels tell nothing. */
const POINTS = 140;

/** Neighbouring steps as one point: their mean, and what lies between. */
interface Point {
  readonly step: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

function pointsOf(
  steps: readonly StepLine[],
  readOf: (step: StepLine) => number | undefined,
): Point[] {
  const known = steps.flatMap((step) => {
    const value = readOf(step);
    return value !== undefined && Number.isFinite(value) ? [{ step: step.step, value }] : [];
  });
  const size = Math.ceil(known.length / POINTS);
  return Array.from({ length: size === 0 ? 0 : Math.ceil(known.length / size) }, (_, i) => {
    const part = known.slice(i * size, (i + 1) * size);
    const values = part.map(({ value }) => value);
    const mean = (xs: readonly number[]) => xs.reduce((sum, x) => sum + x, 0) / xs.length;
    return {
      step: mean(part.map(({ step }) => step)),
      mean: mean(values),
      low: Math.min(...values),
      high: Math.max(...values),
    };
  });
}

/** Steps of a stage after which another outer step begins. */
function bordersOf(steps: readonly StepLine[]): number[] {
  return steps.flatMap((step, i) => {
    const before = steps[i - 1];
    return before?.outer !== undefined && step.outer !== undefined && step.outer > before.outer
      ? [before.step + 0.5]
      : [];
  });
}

function stepFigure(
  title: string,
  unit: string,
  steps: readonly StepLine[],
  readOf: (step: StepLine) => number | undefined,
): Figure[] {
  const [first] = steps;
  const points = pointsOf(steps, readOf);
  if (!first || points.length === 0) return [];
  const color = stageColor(first.stage);
  const svg = drawSvg(title, {
    ...SIZE,
    x: {
      label: "step →",
      ticks: 5,
      domain: [0, Math.max(first.steps, ...steps.map((s) => s.step))],
    },
    y: { label: `↑ ${unit}`, grid: true, ticks: 5, zero: true, tickFormat: digits },
    marks: [
      Plot.ruleX(bordersOf(steps), {
        stroke: "currentColor",
        strokeOpacity: 0.35,
        strokeDasharray: "3 3",
      }),
      Plot.areaY(points, { x: "step", y1: "low", y2: "high", fill: color, fillOpacity: 0.18 }),
      points.length > 1
        ? Plot.line(points, { x: "step", y: "mean", stroke: color, strokeWidth: 1.8 })
        : Plot.dot(points, { x: "step", y: "mean", fill: color, r: 3 }),
    ],
  });
  return [{ title, svg }];
}

const stepsOf = (run: FineTuned, stage: string): readonly StepLine[] =>
  run.steps.filter((step) => step.stage === stage);

/** The loss of each stage, which is not the same quantity in all of them. */
export const lossFigures = (run: FineTuned): Figure[] =>
  stagesOf(run).flatMap((stage) =>
    stepFigure(
      stage === "sft" ? "SFT: cross-entropy of the answers" : `${stageName(stage)}: its loss`,
      "nats a token",
      stepsOf(run, stage),
      ({ loss }) => loss,
    ),
  );

/** What else was measured at each step. */
export const stepFigures = (run: FineTuned): Figure[] =>
  stagesOf(run).flatMap((stage) => {
    const [steps, name] = [stepsOf(run, stage), stageName(stage)];
    return [
      ...stepFigure(`${name}: gradient norm`, "before clipping", steps, (s) => s.gradientNorm),
      ...stepFigure(`${name}: learning rate`, "a step", steps, (s) => s.learningRate),
    ];
  });

/** What is drawn over the steps of training. */
interface Quantity {
  readonly title: string;
  readonly unit: string;
  readonly of: (look: LookLine) => number | undefined;
}

const kl: Quantity = { title: "KL(base‖θ)", unit: "nats a token", of: (look) => look.kl };
const logLoss: Quantity = {
  ...{ title: "Log-loss of the given answers", unit: "nats a token" },
  of: (look) => look.logLoss,
};
const exact: Quantity = {
  ...{ title: "Exact match", unit: "% of the prompts" },
  of: (look) => look.exact && 100 * look.exact,
};
const changed: Quantity = {
  ...{ title: "Answers that are not the base’s", unit: "% of the prompts" },
  of: (look) => look.changed && 100 * look.changed,
};

const quantities: Readonly<Record<LookLine["set"], readonly Quantity[]>> = {
  retain: [kl, logLoss, exact, changed],
  eval: [logLoss, exact, kl],
};

/** How each stage went on a set of prompts, from the base on. */
export function lookFigures(run: FineTuned, set: LookLine["set"]): Figure[] {
  const looks = run.looks.filter((look) => look.set === set);
  const base = looks.findLast(({ stage }) => stage === "base");
  return quantities[set].flatMap((quantity) => {
    const start = base && quantity.of(base);
    const marks = stagesOf(run)
      .filter((stage) => stage !== "base")
      .flatMap((stage) => {
        const own = looks.filter((look) => look.stage === stage);
        if (own.length === 0) return [];
        const from = start === undefined ? [] : [{ step: 0, value: start, stage }];
        const known = own.flatMap((look) => {
          const value = quantity.of(look);
          return value === undefined ? [] : [{ step: look.step, value, stage }];
        });
        return [...from, ...known].filter(({ value }) => Number.isFinite(value));
      });
    if (!marks.some(({ step }) => step > 0)) return [];
    const color = ({ stage }: { readonly stage: string }) => stageColor(stage);
    const svg = drawSvg(quantity.title, {
      ...SIZE,
      x: { label: "step →", ticks: 5 },
      y: { label: `↑ ${quantity.unit}`, grid: true, ticks: 5, zero: true, tickFormat: digits },
      marks: [
        ...(start === undefined || !Number.isFinite(start)
          ? []
          : [Plot.ruleY([start], { stroke: stageColor("base"), strokeDasharray: "4 3" })]),
        Plot.line(marks, { x: "step", y: "value", z: "stage", stroke: color, strokeWidth: 1.8 }),
        Plot.dot(marks, { x: "step", y: "value", fill: color, r: 2.6 }),
      ],
    });
    return [{ title: quantity.title, svg }];
  });
}
