import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { createEngine, type EngineOptions } from "../engines/create.ts";
import type { Engine } from "../engines/engine.ts";
import {
  createRun,
  listRuns,
  type RunConfig,
  type RunDirectory,
  reopenRun,
} from "../experiment/directory.ts";
import { experiment } from "../experiment/experiment.ts";
import { checkpointFolder } from "../experiment/files.ts";
import { duration } from "../experiment/format.ts";
import type { RowResult } from "../experiment/measurements.ts";
import { fullRecipe, type Recipe, smokeRecipe } from "../experiment/recipe.ts";
import { reportPage } from "../experiment/report/page.ts";
import { summarize } from "../experiment/summary.ts";
import { createDisplay } from "./display.ts";
import { type Options, UsageError } from "./options.ts";
import { renderNotes, renderTable } from "./table.ts";

/** What a study needs of the world. */
export interface World {
  readonly out: NodeJS.WriteStream;
  /** Where runs/ and .cache/ are. */
  readonly folder: string;
  /** Aborted by Ctrl-C: the study ends after the measurement at hand. */
  readonly signal: AbortSignal;
  readonly versions: Readonly<Record<string, string>>;
  /** For studies that are neither the full nor the smoke one. */
  readonly recipe?: Recipe;
}

/** @returns whether the study came to its end */
export async function runStudy(options: Options, world: World): Promise<boolean> {
  const { out } = world;
  const resumed = options.resume ? await reopen(options, world) : undefined;
  const engine = await createEngine(engineOptions(options, resumed?.config));
  try {
    const run = resumed ?? (await begin(options, world, engine));
    const { config } = run;
    expectSameBackend(config, engine);
    out.write(`${headline(config, engine, resumed)}\n`);
    const start = performance.now();
    const finished = await follow(engine, run, world);
    const report = await run.writeReport(reportPage(config, run.measurements));
    const rows = summarize(config.recipe, run.measurements);
    if (rows.length > 0) {
      const styled = out.isTTY === true && !noColor;
      out.write(
        `\n${renderTable(config.recipe, rows, { styled })}\n${renderNotes(config.recipe, rows)}\n`,
      );
    }
    out.write(`\nreport  ${report}\n`);
    out.write(`run     ${run.path} (${duration((performance.now() - start) / 1000)})\n`);
    if (!finished) out.write(`Stopped. Go on with: npm start -- --resume --name ${nameOf(run)}\n`);
    return finished;
  } finally {
    await engine.close();
  }
}

/** @see https://no-color.org */
const { NO_COLOR: noColor } = process.env;

/** Records and shows measurements until there are no more, or until the signal. */
async function follow(engine: Engine, run: RunDirectory, world: World): Promise<boolean> {
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
    seeds,
    finished,
    checkpoints: run.checkpoints,
    pretrained: checkpointFolder(join(world.folder, ".cache", "pretraining")),
  });
  try {
    for await (const measurement of measurements) {
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

const nameOf = (run: RunDirectory): string => run.path.split("/").at(-1) as string;

const runsOf = ({ folder }: World): string => join(folder, "runs");

function engineOptions({ backend, threads }: Options, config?: RunConfig): EngineOptions {
  const wanted = backend ?? config?.backend;
  return {
    ...(wanted !== undefined && { backend: wanted as NonNullable<EngineOptions["backend"]> }),
    ...(threads !== undefined && { threads }),
  };
}

async function begin(options: Options, world: World, engine: Engine): Promise<RunDirectory> {
  const recipe = world.recipe ?? (options.smoke ? smokeRecipe : fullRecipe);
  const started = new Date().toISOString();
  const time = started.slice(0, 19).replace("T", "-").replaceAll(":", "");
  const name = options.name ?? `${recipe.name}-${time}`;
  return createRun(join(runsOf(world), name), {
    recipe,
    seeds: options.seeds ?? [0],
    backend: engine.backend,
    device: engine.description,
    versions: world.versions,
    started,
  });
}

/** The run that was named, or the newest that has not finished. */
async function reopen({ name }: Options, world: World): Promise<RunDirectory> {
  if (name !== undefined) return reopenRun(join(runsOf(world), name));
  for (const path of await listRuns(runsOf(world))) {
    const run = await reopenRun(path);
    if (!isFinished(run)) return run;
  }
  throw new UsageError(
    `--resume: expected a run in ${runsOf(world)} that has not finished, got none`,
  );
}

function isFinished({ config, measurements }: RunDirectory): boolean {
  const rows = measurements.filter(({ kind }) => kind === "row").length;
  return rows === config.recipe.rows.length * config.seeds.length;
}

function expectSameBackend(config: RunConfig, engine: Engine): void {
  if (config.backend !== engine.backend)
    throw new UsageError(
      `--backend: expected ${config.backend}, which the run began with, got ${engine.backend}`,
    );
}

function headline({ recipe, seeds }: RunConfig, engine: Engine, resumed?: RunDirectory): string {
  const kept = resumed?.measurements.filter(({ kind }) => kind === "row").length ?? 0;
  const going = resumed ? `, going on after ${kept} rows` : "";
  const what = `anchorgrad: the ${recipe.name} study, ${seeds.length === 1 ? "seed" : "seeds"} ${seeds.join(", ")}${going}`;
  return `${what}\nengine: ${engine.backend}, ${engine.description} (${engine.reason})\n`;
}
