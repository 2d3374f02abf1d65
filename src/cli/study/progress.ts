import {
  type Attempt,
  type Progress,
  type RowResult,
  stageText,
} from "../../experiment/measurements.ts";
import type { Recipe } from "../../experiment/recipe.ts";
import { count, duration, nats, percent } from "../../report/format.ts";

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
  const { recipe, seeds, progress, stageSeconds, rowsDone, rows, secondsLeft } = standing;
  const { stage, step, steps, loss, tokens, seed } = progress;
  const seedText = seeds.length > 1 ? ` · seed ${seed} of ${seeds.join(", ")}` : "";
  const done = step / steps;
  const left = done > 0 ? (stageSeconds * (1 - done)) / done : undefined;
  const rate = stageSeconds > 0 ? count(tokens / stageSeconds) : "–";
  const head = `${recipe.name}${seedText} · row ${Math.min(rowsDone + 1, rows)} of ${rows} · ${labelOf(recipe, stageText(stage))} `;
  const tail = ` ${percent(done, 0).padStart(3)} %`;
  const width = Math.max(0, Math.min(40, columns - 1 - head.length - tail.length));
  // A narrow terminal cuts the end: what matters least stands there.
  const figures = [
    `step ${step}/${steps}`,
    `${left === undefined ? "–" : duration(left)} left in this row`,
    // Evaluation is not foreseen: a row that takes longer than all rows would read as a fault.
    `about ${duration(Math.max(secondsLeft, left ?? 0))} left in all`,
    `loss ${nats(loss)}`,
    `${rate} tokens/s`,
  ];
  const cut = (text: string): string => text.slice(0, Math.max(0, columns - 1));
  return [cut(`${head}${bar(done, width)}${tail}`), cut(`  ${figures.join(" · ")}`)];
}

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
    labelOf(recipe, result.row).padEnd(24),
    `target ${percent(target).padStart(5)} %`,
    `drop ${percent(drop).padStart(5)} %`,
    `KL(base‖θ) ${nats(klFromBase)}`,
    ...(attempt ? [duration(attempt.seconds)] : []),
  ];
  let line = `✓ seed ${result.seed}`;
  for (const part of parts) {
    const longer = `${line}  ${part}`;
    if (longer.length >= columns) break;
    line = longer;
  }
  return line;
}
