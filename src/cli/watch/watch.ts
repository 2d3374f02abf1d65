import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { reportPage } from "../../experiment/report/page.ts";
import {
  expectRuns,
  readConfig,
  readFailures,
  reopenRun,
} from "../../experiment/runs/directory.ts";
import { allSeeds } from "../../experiment/runs/run.ts";
import type { Command, Terminal } from "../terminal/command.ts";
import { describeKnobs, readArguments, whole } from "../terminal/knobs.ts";
import { UsageError } from "../terminal/usage.ts";
import { type Standing, standingPage } from "./page.ts";
import { serveHere } from "./serve.ts";

const knobs = {
  port: whole("of this machine; any that is free by default", 0, 65_535),
};

const usage = `anchorgrad watch <folder> [options]: a page of a sweep that goes on, for this machine alone

  npx anchorgrad watch runs/study

Shows how many rows have ended and the report so far, and changes nothing: the sweep may run here or
on workers elsewhere. Ends with Ctrl-C.

Options
${describeKnobs(knobs)}`;

async function run(args: readonly string[], terminal: Terminal): Promise<boolean> {
  const { values, rest } = readArguments(args, knobs);
  const [given, ...others] = rest;
  if (given === undefined || others.length > 0)
    throw new UsageError(`watch: expected one folder of runs, got ${rest.length}; see --help`);
  const folder = resolve(terminal.folder, given);
  await expectRuns(folder);
  const name = basename(folder);
  const pages = {
    "/": async () => standingPage(name, await standings(folder), Date.now()),
    "/report": async () => {
      const paths = await expectRuns(folder);
      const runs = paths.map(async (path) => {
        const { config, measurements } = await reopenRun(path);
        return { config, measurements, failures: await readFailures(path) };
      });
      return reportPage(await Promise.all(runs), name);
    },
  };
  const { server, address } = await serveHere(pages, values.port ?? 0).catch((error: Error) => {
    throw new UsageError(`--port: ${error.message}`);
  });
  terminal.out.write(`${address}\n`);
  await new Promise<void>((done) => {
    if (terminal.signal.aborted) done();
    terminal.signal.addEventListener("abort", () => done(), { once: true });
  });
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  return true;
}

async function standings(folder: string): Promise<readonly Standing[]> {
  return Promise.all((await expectRuns(folder)).map(standingOf));
}

async function standingOf(path: string): Promise<Standing> {
  const config = await readConfig(path);
  const { measurements } = await reopenRun(path);
  return {
    name: basename(path),
    done: measurements.filter(({ kind }) => kind === "row").length,
    rows: config.recipe.rows.length * allSeeds(config).length,
    failures: (await readFailures(path)).length,
    started: config.started,
    changed: await lastChange(path),
  };
}

/** When a file of the run was last written. */
async function lastChange(path: string): Promise<number> {
  const names = await readdir(path, { recursive: true });
  const times = await Promise.all(
    names
      .filter((name) => name.endsWith(".jsonl"))
      .map(async (name) => (await stat(join(path, name)).catch(() => undefined))?.mtimeMs ?? 0),
  );
  return times.length > 0 ? Math.max(...times) : Number.NaN;
}

export const watch: Command = { usage, run };
