import type { Attempt, Measurement, Progress, RowResult } from "../../experiment/measurements.ts";
import { baseOf, type Recipe, type RowRecipe } from "../../experiment/recipe.ts";
import { rowTokens } from "../../experiment/row/work.ts";
import { dropOf } from "../../experiment/summary/summary.ts";
import type { Output } from "../terminal/command.ts";
import { liveLines } from "../terminal/live.ts";
import { COLUMNS } from "../terminal/reflow.ts";
import { finishedLine, progressLines, progressLog, type Standing } from "./progress.ts";

/** Shows measurements as they come. */
export interface Display {
  show(measurement: Measurement): void;
  /** A line that stays. */
  say(line: string): void;
  /** Takes the redrawn lines away. */
  close(): void;
}

export interface DisplayOptions {
  readonly recipe: Recipe;
  readonly seeds: readonly number[];
  /** Rows that were finished before. */
  readonly finished: readonly RowResult[];
  readonly out: Output;
  /** Milliseconds, from any origin. */
  readonly now: () => number;
}

/** Redrawing faster than this helps nobody. */
const REDRAW_MS = 100;
/** Without a terminal, a line now and then. */
const LINE_MS = 10_000;

/** Two redrawn lines on a terminal; elsewhere a line every ten seconds. */
export function createDisplay(options: DisplayOptions): Display {
  const { recipe, seeds, out, now } = options;
  const live = out.isTTY === true;
  const results = [...options.finished];
  const first = baseOf(recipe).id;
  let attempt: Attempt | undefined;
  const start = now();
  let stageStart = start;
  let last = live ? -Infinity : start;
  const ahead = workLeft(recipe, seeds, results);

  const { say, redraw, erase } = liveLines(out);
  const draw = (progress: Progress): void => {
    const time = now();
    if (time - last < (live ? REDRAW_MS : LINE_MS)) return;
    last = time;
    const left = Math.max(0, workLeft(recipe, seeds, results) - progress.tokens);
    const standing: Standing = {
      recipe,
      seeds,
      progress,
      stageSeconds: (time - stageStart) / 1000,
      rowsDone: results.length,
      rows: recipe.rows.length * seeds.length,
      secondsLeft: ((time - start) / 1000) * (left / Math.max(1, ahead - left)),
    };
    if (live) redraw(progressLines(standing, out.columns ?? COLUMNS));
    else say(progressLog(standing));
  };
  return {
    say,
    close: erase,
    show(measurement) {
      if (measurement.kind === "progress") draw(measurement);
      if (measurement.kind === "attempt") attempt = measurement;
      if (measurement.kind !== "row") return;
      results.push(measurement);
      stageStart = now();
      const base = results.find(({ row, seed }) => row === first && seed === measurement.seed);
      const drop = base ? dropOf(measurement, base) : 0;
      const columns = live ? out.columns : undefined;
      say(finishedLine(recipe, { result: measurement, attempt }, drop, columns));
    },
  };
}

/** Positions that the rows to come go through, over all seeds. */
function workLeft(recipe: Recipe, seeds: readonly number[], results: readonly RowResult[]): number {
  const isDone = (seed: number, { id }: RowRecipe): boolean =>
    results.some((result) => result.seed === seed && result.row === id);
  const toDo = seeds.flatMap((seed) => recipe.rows.filter((row) => !isDone(seed, row)));
  return toDo.reduce((sum, row) => sum + rowTokens(recipe, row), 0);
}
