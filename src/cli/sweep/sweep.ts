import { join } from "node:path";
import type { RowResult } from "../../experiment/measurements.ts";
import { baseOf, weightsName } from "../../experiment/recipe.ts";
import type { Failure, RunDirectory } from "../../experiment/runs/run.ts";
import { type Job, jobId } from "../../experiment/sweep/plan.ts";
import { runSweep } from "../../experiment/sweep/runSweep.ts";
import { requirementsOf } from "../../experiment/sweep/scheduler.ts";
import { openSweep, type SweepDirectory } from "../../experiment/sweep/sweep.ts";
import { visible } from "../../report/escape.ts";
import { duration } from "../../report/format.ts";
import { DataError } from "../../tensor/errors.ts";
import { type Claim, claim } from "../terminal/claim.ts";
import type { Command, Terminal } from "../terminal/command.ts";
import { describeMachine } from "../terminal/machine.ts";
import { startEngine } from "../terminal/start.ts";
import { ownVersions } from "../terminal/version.ts";
import { openBase, placeBase } from "./base.ts";
import { createSweepDisplay } from "./display.ts";
import { showTargets } from "./joint.ts";
import { type RowLogger, rowLogger } from "./logging.ts";
import { readSweepOptions, type SweepOptions, sweepUsage } from "./options.ts";
import { type Opened, placeOf, schedulerOf } from "./scheduler.ts";

async function run(args: readonly string[], terminal: Terminal): Promise<boolean> {
  const { folder, out } = terminal;
  const options = await readSweepOptions(args, folder, (model) => openBase(model, terminal));
  const path = join(folder, "runs", options.name);
  const mine = await claim(path);
  try {
    const opened = await open(path, options, terminal.signal);
    if (!opened) return false;
    const { directory } = opened;
    if (options.base) await placeBase(options.base, folder, options.places);
    const { jobs, finished } = directory;
    const kept = finished.size > 0 ? `, ${finished.size} of them finished before` : "";
    out.write(
      `anchorgrad: the ${options.name} sweep, ${jobs.length} rows${kept}; ${placeOf(options)}\n`,
    );
    const start = performance.now();
    const failed = await follow(opened, options, terminal, mine);
    await mine.check();
    for (const run of directory.runs) await run.join();
    const seconds = (performance.now() - start) / 1000;
    if (terminal.signal.aborted) {
      const elsewhere = options.places ? " What was enqueued goes on elsewhere." : "";
      out.write(`Stopped. The same command goes on from here.${elsewhere}\n`);
      return false;
    }
    out.write((await showTargets(options.name, path, directory.runs)) ?? "");
    out.write(`\nsweep   ${path} (${duration(seconds)})\nreport  npx anchorgrad report ${path}\n`);
    if (failed > 0)
      throw new DataError(
        `${failed} of ${jobs.length} rows failed; why: ${path}/*/failures.json; the same command runs them again`,
      );
    return true;
  } finally {
    await mine.release();
  }
}

/** The engine is started here once, so that one that cannot start is an error of the command. */
async function open(
  path: string,
  { sweep, engine: wanted }: SweepOptions,
  signal: AbortSignal,
): Promise<Opened | undefined> {
  const engine = await startEngine(wanted, signal);
  if (!engine) return undefined;
  const { backend, description: device } = engine;
  const requires = requirementsOf(engine);
  await engine.close();
  const directory = await openSweep(path, sweep, {
    ...{ backend, device, numerics: requires.numerics },
    ...{ machine: describeMachine(), versions: await ownVersions() },
    started: new Date().toISOString(),
  });
  return { directory, requires };
}

/** Runs what is to be run, stage by stage. @returns how many rows could not be finished */
async function follow(
  opened: Opened,
  options: SweepOptions,
  terminal: Terminal,
  mine: Claim,
): Promise<number> {
  const { out, signal } = terminal;
  const { finished: before, runs, stages } = opened.directory;
  const rows = new Map(runs.map((run) => [run, [...run.measurements]]));
  const progress: SweepProgress = {
    finished: new Set(before),
    failures: new Map(runs.map((run) => [run, []])),
    record: (run, row) => rows.get(run)?.push(row),
    logged: rowLogger(options.logging, options.name, (text) =>
      terminal.err.write(`${visible(text)}\n`),
    ),
  };
  await Promise.all(runs.map((run) => run.writeFailures([])));
  try {
    for (const { about, jobs: jobsOf } of stages) {
      if (signal.aborted) break;
      const jobs = jobsOf((run) => rows.get(run) ?? []);
      const left = jobs.filter(({ id }) => !progress.finished.has(id)).length;
      if (stages.length > 1)
        out.write(`${visible(about)}: ${jobs.length} rows${left === 0 ? ", all finished" : ""}\n`);
      if (left > 0) await runStage(jobs, progress, opened, options, terminal, mine);
    }
  } finally {
    await progress.logged.end();
  }
  return [...progress.failures.values()].flat().length;
}

/** What stages share. */
interface SweepProgress {
  /** Ids of jobs. */
  readonly finished: Set<string>;
  readonly failures: ReadonlyMap<RunDirectory, Failure[]>;
  record(run: RunDirectory, row: RowResult): void;
  readonly logged: RowLogger;
}

/** Runs, records and shows jobs that may run together. */
async function runStage(
  jobs: readonly Job[],
  { finished, failures, record, logged }: SweepProgress,
  opened: Opened,
  options: SweepOptions,
  terminal: Terminal,
  mine: Claim,
): Promise<void> {
  const { out, signal } = terminal;
  const { runOf } = opened.directory;
  const done = new Set(jobs.flatMap(({ id }) => (finished.has(id) ? [id] : [])));
  const display = createSweepDisplay({
    ...{ name: options.name, jobs, finished: done, out, now: () => performance.now() },
    bases: basesOf(opened.directory),
  });
  const scheduler = await schedulerOf(opened, options, terminal, (job, measurement) =>
    display.show({ kind: "measured", job, measurement }),
  );
  try {
    for await (const event of runSweep(jobs, scheduler, {
      ...{ finished: done, signal, leave: "detach" },
    })) {
      const run = runOf(event.job);
      if (event.kind !== "measured") await mine.check();
      if (event.kind === "finished") {
        for (const m of event.measurements) await run.record(m);
        await run.unfinished.remove(weightsName(event.job.seed, event.job.row));
        finished.add(event.job.id);
        record(run, event.result);
        logged.log(event.job, event.measurements);
      }
      const error = errorOf(event.job, event);
      if (error) {
        failures.get(run)?.push(error);
        await run.writeFailures(failures.get(run) ?? []);
      }
      display.show(event);
    }
  } finally {
    display.close();
  }
}

function errorOf(
  { seed, row, needs }: Job,
  event: { readonly kind: string; readonly error?: Error },
): Failure | undefined {
  if (event.kind === "blocked") return { seed, row, error: `it needs ${needs.join(" and ")}` };
  if (event.kind !== "failed") return undefined;
  const { error } = event;
  // What names the data at fault says all; of other errors the way there tells more.
  const said = error instanceof DataError ? error.message : error?.stack;
  return { seed, row, error: said ?? error?.message ?? "" };
}

function basesOf({ runs }: SweepDirectory): Map<string, RowResult> {
  return new Map(
    runs.flatMap(({ config: { recipe }, measurements }) =>
      measurements.flatMap((m) =>
        m.kind === "row" && m.row === baseOf(recipe).id
          ? [[jobId(recipe.name, m.seed, m.row), m] as const]
          : [],
      ),
    ),
  );
}

export const sweep: Command = {
  usage: sweepUsage,
  run,
};
