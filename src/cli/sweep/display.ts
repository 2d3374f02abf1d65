import { type Progress, type RowResult, stageText } from "../../experiment/measurements.ts";
import { baseOf } from "../../experiment/recipe.ts";
import { rowTokens } from "../../experiment/row/work.ts";
import { dropOf } from "../../experiment/summary/summary.ts";
import { type Job, jobId } from "../../experiment/sweep/plan.ts";
import type { SweepEvent } from "../../experiment/sweep/runSweep.ts";
import { duration, nats, percent } from "../../report/format.ts";
import { bar, finishedLine, labelOf } from "../study/progress.ts";
import type { Output } from "../terminal/command.ts";
import { liveLines } from "../terminal/live.ts";

export interface SweepDisplayOptions {
  readonly name: string;
  readonly jobs: readonly Job[];
  /** Ids of the jobs that were finished before. */
  readonly finished: ReadonlySet<string>;
  /** Results of bases that were finished before, by id of their job. */
  readonly bases: ReadonlyMap<string, RowResult>;
  readonly out: Output;
  /** Milliseconds, from any origin. */
  readonly now: () => number;
}

/** Shows a sweep as it goes. */
export interface SweepDisplay {
  show(event: SweepEvent): void;
  /** Takes the redrawn lines away. */
  close(): void;
}

const REDRAW_MS = 100;
/** Without a terminal, a line now and then beside those of finished rows. */
const LINE_MS = 30_000;
/** Positions that a row's evaluation costs as much time as, roughly. */
const EVALUATION = 60_000;

const workOf = ({ recipe, row }: Job): number => {
  const found = recipe.rows.find(({ id }) => id === row);
  return EVALUATION + (found ? rowTokens(recipe, found) : 0);
};

/** A line for the whole and one for each job under way, redrawn on a terminal; and lines that stay. */
export function createSweepDisplay(options: SweepDisplayOptions): SweepDisplay {
  const { name, jobs, out, now } = options;
  const live = out.isTTY === true;
  const start = now();
  const bases = new Map(options.bases);
  const running = new Map<string, { readonly job: Job; progress?: Progress }>();
  let last = live ? -Infinity : start;
  let [finished, failed, workDone] = [options.finished.size, 0, 0];
  const ahead = jobs
    .filter(({ id }) => !options.finished.has(id))
    .reduce((sum, job) => sum + workOf(job), 0);

  const { say, redraw, erase } = liveLines(out);
  const overall = (): string => {
    const begun = [...running.values()].reduce((sum, { progress }) => sum + tokensOf(progress), 0);
    const done = workDone + begun;
    const seconds = (now() - start) / 1000;
    const left = done > 0 ? duration((seconds * Math.max(0, ahead - done)) / done) : "–";
    const bad = failed > 0 ? ` · ${failed} failed` : "";
    const share = finished / Math.max(1, jobs.length);
    const shown = live ? ` ${bar(share, 12)}` : "";
    return `${name} · ${finished} of ${jobs.length} rows${bad}${shown} ${percent(share, 0)} % · ${duration(seconds)} gone, about ${left} left`;
  };
  const draw = (): void => {
    const time = now();
    if (time - last < (live ? REDRAW_MS : LINE_MS)) return;
    last = time;
    if (!live) {
      say(overall());
      return;
    }
    const columns = (out.columns ?? 80) - 1;
    const lines = [overall(), ...shownOf([...running.values()]).map(runningLine)];
    redraw(lines.map((line) => line.slice(0, columns)));
  };
  const end = (job: Job): void => {
    running.delete(job.id);
    workDone += workOf(job);
  };
  const show = (event: SweepEvent): void => {
    const { job } = event;
    switch (event.kind) {
      case "started":
        running.set(job.id, { job });
        break;
      case "measured":
        if (event.measurement.kind === "progress")
          running.set(job.id, { job, progress: event.measurement });
        break;
      case "finished":
        end(job);
        finished++;
        if (job.row === baseOf(job.recipe).id) bases.set(job.id, event.result);
        say(rowLine(event, bases, live ? out.columns : undefined));
        break;
      case "repeated":
        running.delete(job.id);
        say(`↻ ${job.id}  runs again: ${event.error.message}`);
        break;
      case "failed":
        end(job);
        failed++;
        say(`✗ ${job.id}  ${event.error.message}`);
        break;
      case "cancelled":
        end(job);
        say(`– ${job.id}  cancelled`);
        break;
      case "blocked":
        failed++;
        say(`✗ ${job.id}  not run: it needs what is not there`);
        break;
    }
    draw();
  };
  return { show, close: erase };
}

/** Rows that are shown at the same time. */
const MOST_SHOWN = 16;

/** Of many that were begun, or wait elsewhere, those that say how far they have come. */
function shownOf<T extends { readonly progress?: Progress }>(running: readonly T[]): readonly T[] {
  if (running.length <= MOST_SHOWN) return running;
  return running.filter(({ progress }) => progress).slice(0, MOST_SHOWN);
}

const tokensOf = (progress: Progress | undefined): number => progress?.tokens ?? 0;

function runningLine({ job, progress }: { readonly job: Job; progress?: Progress }): string {
  const { recipe, seed, row } = job;
  const label = labelOf(recipe, row).padEnd(28);
  const place = `  ${recipe.name} seed ${seed}`.padEnd(26);
  if (!progress) return `${place} ${label}`;
  const share = progress.step / progress.steps;
  const what = progress.stage.kind === "row" ? "" : ` ${stageText(progress.stage)}`;
  return `${place} ${label} ${bar(share, 20)} ${percent(share, 0).padStart(3)} %  loss ${nats(progress.loss)}${what}`;
}

function rowLine(
  { job: { recipe, seed }, result, measurements }: Extract<SweepEvent, { kind: "finished" }>,
  bases: ReadonlyMap<string, RowResult>,
  columns: number = Number.POSITIVE_INFINITY,
): string {
  const base = bases.get(jobId(recipe.name, seed, baseOf(recipe).id));
  const room = columns - recipe.name.length - 2;
  const drop = base ? dropOf(result, base) : 0;
  const attempt = measurements.find((m) => m.kind === "attempt");
  return `${recipe.name}  ${finishedLine(recipe, { result, attempt }, drop, room)}`;
}
