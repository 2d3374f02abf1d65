import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { EngineOptions } from "../../engines/create.ts";
import type { Engine } from "../../engines/engine.ts";
import { expectSameNumerics, numericsOf } from "../../engines/numerics.ts";
import { experiment } from "../../experiment/experiment.ts";
import type { RowResult } from "../../experiment/measurements.ts";
import { reportPage } from "../../experiment/report/page.ts";
import type { RunConfig, RunDirectory } from "../../experiment/runs/run.ts";
import { summarize } from "../../experiment/summary/summary.ts";
import { duration } from "../../report/format.ts";
import { checkpointFolder } from "../../weights/files.ts";
import { backendNamed } from "../terminal/backend.ts";
import type { Command } from "../terminal/command.ts";
import { describeMachine } from "../terminal/machine.ts";
import { filled } from "../terminal/reflow.ts";
import { startEngine } from "../terminal/start.ts";
import { UsageError } from "../terminal/usage.ts";
import { ownVersions } from "../terminal/version.ts";
import { createDisplay } from "./display.ts";
import { type Options, parseOptions, usage } from "./options.ts";
import { begin, type Claimed, goOn, nameOf, reopen, type World } from "./runs.ts";
import { renderNotes, renderTable } from "./table.ts";

/** The study, from pre-training to the report. */
export const study: Command = {
  usage,
  run: async (args, { out, folder, signal }) =>
    runStudy(parseOptions(args), { out, folder, signal, versions: await ownVersions() }),
};

/** @returns whether the study came to its end */
export async function runStudy(options: Options, world: World): Promise<boolean> {
  const resumed = options.resume ? await reopen(options, world) : undefined;
  const engine = await startEngine(engineOptions(options, resumed?.config), world.signal);
  if (!engine) return false;
  try {
    if (resumed) expectSameEngine(resumed.config, engine);
    const { run, claim } = resumed ? await goOn(resumed) : await begin(options, world, engine);
    try {
      world.out.write(`${headline(run.config, engine, resumed)}\n`);
      const start = performance.now();
      const finished = await follow(engine, { run, claim }, world);
      await claim.check();
      await conclude(run, world, finished, (performance.now() - start) / 1000);
      return finished;
    } finally {
      await claim.release();
    }
  } finally {
    await engine.close();
  }
}

/** Writes the report and shows the table of whatever has been measured. */
async function conclude(
  run: RunDirectory,
  { out }: World,
  finished: boolean,
  seconds: number,
): Promise<void> {
  const { config, measurements } = run;
  const { recipe } = config;
  await run.join();
  const report = await run.writeReport(reportPage([{ config, measurements }]));
  const rows = summarize(recipe, measurements);
  if (rows.length > 0) {
    const styled = out.isTTY === true && !noColor;
    out.write(`\n${renderTable(recipe, rows, { styled })}\n${renderNotes(recipe, rows)}\n`);
  }
  out.write(`\nreport  ${report}\nrun     ${run.path} (${duration(seconds)})\n`);
  if (!finished)
    out.write(`Stopped. Go on with: npx anchorgrad study --resume --name ${nameOf(run)}\n`);
}

/** @see https://no-color.org */
const { NO_COLOR: noColor } = process.env;

/** Records and shows measurements until there are no more, or until the signal. */
async function follow(engine: Engine, { run, claim }: Claimed, world: World): Promise<boolean> {
  const { recipe, seeds } = run.config;
  const finished = run.measurements.filter((m): m is RowResult => m.kind === "row");
  const display = createDisplay({
    recipe,
    seeds,
    finished,
    out: world.out,
    now: () => performance.now(),
  });
  const measurements = experiment(engine, recipe, {
    ...{ seeds, place: { machine: describeMachine(), versions: world.versions } },
    finished,
    checkpoints: run.checkpoints,
    unfinished: run.unfinished,
    pretrained: checkpointFolder(join(world.folder, ".cache", "pretraining")),
  });
  try {
    for await (const measurement of measurements) {
      await claim.check();
      await run.record(measurement);
      display.show(measurement);
      // Engines may resolve without the event loop; signals need it.
      await setImmediate();
      if (world.signal.aborted) return false;
    }
    return true;
  } finally {
    display.close();
  }
}

function engineOptions({ backend, threads }: Options, config?: RunConfig): EngineOptions {
  const wanted = backend ?? config?.backend;
  return {
    ...(wanted !== undefined && { backend: backendNamed(wanted) }),
    ...(threads !== undefined && { threads }),
  };
}

function expectSameEngine(config: RunConfig, engine: Engine): void {
  if (config.backend !== engine.backend)
    throw new UsageError(
      `--backend: expected ${config.backend}, which the run began with, got ${engine.backend}`,
    );
  expectSameNumerics("--resume", config.numerics, numericsOf(engine));
}

function headline({ recipe, seeds }: RunConfig, engine: Engine, resumed?: RunDirectory): string {
  const kept = resumed?.measurements.filter(({ kind }) => kind === "row").length ?? 0;
  const going = resumed ? `, going on after ${kept} rows` : "";
  const what = `anchorgrad: the ${recipe.name} study, ${seeds.length === 1 ? "seed" : "seeds"} ${seeds.join(", ")}${going}`;
  const how = `engine: ${engine.backend}, ${engine.description} (${engine.reason})`;
  return `${[what, ...filled(how)].join("\n")}\n`;
}
