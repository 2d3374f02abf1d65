import {
  type Attempt,
  type Progress,
  type RowResult,
  stageText,
} from "../../experiment/measurements.ts";
import type { Recipe } from "../../experiment/recipe.ts";
import { count, duration, nats, percent } from "../../report/format.ts";
import { fitting } from "../terminal/live.ts";
import { COLUMNS } from "../terminal/reflow.ts";

/** Where a run stands, as the display needs it. */
export interface Standing {
  readonly recipe: Recipe;
  readonly seeds: readonly number[];
  readonly progress: Progress;
  /** Seconds since the stage began. */
  readonly stageSeconds: number;
  /** Rows finished and to finish, over all seeds. */
  readonly rowsDone: number;
  readonly rows: number;
  /** Seconds to the end of the run, as far as one can tell. */
  readonly secondsLeft: number;
}

export const labelOf = (recipe: Recipe, row: string): string =>
  recipe.rows.find(({ id }) => id === row)?.label ?? row;

/** `━━━━────` */
export function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return "━".repeat(full) + "─".repeat(width - full);
}

/** The two lines of the live display, each at most `columns` wide. */
export function progressLines(standing: Standing, columns: number): [string, string] {
  const { progress, stageSeconds } = standing;
  const { step, steps, loss, tokens } = progress;
  const done = step / steps;
  const left = leftInRow(standing);
  const rate = stageSeconds > 0 ? count(tokens / stageSeconds) : "–";
  const head = `${placeOf(standing).join(" · ")} `;
  const tail = ` ${percent(done, 0).padStart(3)} %`;
  const width = Math.max(0, Math.min(40, columns - 1 - head.length - tail.length));
  // What matters least stands at the end, where a narrow terminal has no room.
  const figures = [
    `  step ${step}/${steps}`,
    `${left === undefined ? "–" : duration(left)} left in this row`,
    `about ${duration(leftInAll(standing))} left in all`,
    `loss ${nats(loss)}`,
    `${rate} tokens/s`,
  ];
  return [fitting([`${head}${bar(done, width)}${tail}`], columns), fitting(figures, columns)];
}

/** The same for a log: one line, without a bar. */
export function progressLog(standing: Standing): string {
  const { step, steps, loss } = standing.progress;
  const figures = [
    `${percent(step / steps, 0)} %`,
    `about ${duration(leftInAll(standing))} left`,
    `loss ${nats(loss)}`,
  ];
  return fitting([...placeOf(standing), ...figures], COLUMNS + 1);
}

function placeOf({ recipe, seeds, progress, rowsDone, rows }: Standing): string[] {
  const { seed, stage } = progress;
  return [
    ...[recipe.name, ...(seeds.length > 1 ? [`seed ${seed} of ${seeds.join(", ")}`] : [])],
    `row ${Math.min(rowsDone + 1, rows)} of ${rows}`,
    labelOf(recipe, stageText(stage)),
  ];
}

function leftInRow({ progress, stageSeconds }: Standing): number | undefined {
  const done = progress.step / progress.steps;
  return done > 0 ? (stageSeconds * (1 - done)) / done : undefined;
}

/** Evaluation is not foreseen: a row that takes longer than all rows would read as a fault. */
const leftInAll = (standing: Standing): number =>
  Math.max(standing.secondsLeft, leftInRow(standing) ?? 0);

/** A finished row, and how it came about. */
export interface Finished {
  readonly result: RowResult;
  readonly attempt: Attempt | undefined;
}

/**
 * The line that stays when a row is finished.
 * @param columns of the terminal: what finds no room is left out, from the end
 */
export function finishedLine(
  recipe: Recipe,
  { result, attempt }: Finished,
  drop: number,
  columns: number = Number.POSITIVE_INFINITY,
): string {
  const { target, klFromBase } = result;
  const parts = [
    `✓ seed ${result.seed} ${labelOf(recipe, result.row).padEnd(24)} target ${percent(target).padStart(5)} %`,
    `drop ${percent(drop).padStart(5)} %`,
    `KL ${nats(klFromBase)}`,
    ...(attempt ? [duration(attempt.seconds)] : []),
  ];
  return fitting(parts, columns, "  ");
}
