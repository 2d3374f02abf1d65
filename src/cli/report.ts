import { basename, join, resolve } from "node:path";
import { toCsv } from "../experiment/report/export/csv.ts";
import { dataTables } from "../experiment/report/export/dataTables.ts";
import { toParquet } from "../experiment/report/export/parquet.ts";
import {
  type ReportedRun,
  readRuns,
  reportMarkdown,
  reportPage,
} from "../experiment/report/index.ts";
import { writeWhole } from "../weights/files.ts";
import type { Command, Terminal } from "./terminal/command.ts";
import {
  describeKnobs,
  flag,
  type Knob,
  overwrite,
  readArguments,
  text,
} from "./terminal/knobs.ts";
import { expectNewFile } from "./terminal/place.ts";
import { UsageError } from "./terminal/usage.ts";

const FORMATS = ["csv", "parquet"] as const;
type Format = (typeof FORMATS)[number];

const formats: Knob<readonly Format[]> = {
  value: "<csv,parquet>",
  about:
    "also writes every table as <run>-<table>.csv or .parquet, which\ndataframes and dashboards read",
  expected: "csv, parquet or both with a comma",
  read: (given) => {
    const asked = given.split(",");
    return asked.every(isFormat) ? asked : undefined;
  },
};

const isFormat = (name: string): name is Format => FORMATS.some((format) => format === name);

const knobs = {
  out: text("<file>", "the page (default: report.html in the first folder)"),
  export: formats,
  tables: text("<folder>", "where tables go (default: tables in the first folder)"),
  overwrite,
  markdown: flag("prints the tables of results as Markdown, and writes no page"),
  against: text(
    "<row>",
    "with --markdown: rows paired by seed with this one, in place of\nresults",
  ),
  families: text("<names>", "with --against: the families whose rows are compared (default: all)"),
};

const usage = `anchorgrad report <folder …> [options]: one self-contained page about runs

  npx anchorgrad report runs/study
  npx anchorgrad report runs/full-2026-01-02-030405 runs/alpha --out both.html
  npx anchorgrad report runs/study --markdown >> README.md
  npx anchorgrad report runs/paper --markdown --against paper --families paperWith

Each folder is a run's, with config.json and metrics.jsonl, or one of several runs, as a sweep's.
Runs that have not ended are reported as far as they are.

Options
${describeKnobs(knobs)}`;

async function run(args: readonly string[], { out, folder }: Terminal): Promise<boolean> {
  const { values, rest: folders } = readArguments(args, knobs);
  const [first] = folders;
  if (first === undefined)
    throw new UsageError("report: expected the folder of a run, got none; see --help");
  const runs = (await Promise.all(folders.map((path) => readRuns(resolve(folder, path))))).flat();
  if (values.tables !== undefined && !values.export)
    throw new UsageError("--tables: expected --export beside it, got none");
  for (const [name, needed] of [
    ["against", "markdown"],
    ["families", "against"],
  ] as const)
    if (values[name] !== undefined && values[needed] === undefined)
      throw new UsageError(`--${name}: expected --${needed} beside it, got none`);
  if (values.export)
    await writeTables(
      runs,
      { folder: resolve(folder, values.tables ?? join(first, "tables")), formats: values.export },
      values.overwrite,
      out,
    );
  if (values.markdown) {
    const { against, families } = values;
    const named = families === undefined ? {} : { families: families.split(",") };
    out.write(reportMarkdown(runs, against === undefined ? undefined : { against, ...named }));
    return true;
  }
  const page = resolve(folder, values.out ?? join(first, "report.html"));
  if (values.out !== undefined) await expectNewFile(page, values.overwrite);
  await writeWhole(page, reportPage(runs, basename(resolve(folder, first))));
  out.write(`${page}\n`);
  return true;
}

async function writeTables(
  runs: readonly ReportedRun[],
  to: { readonly folder: string; readonly formats: readonly Format[] },
  replace: boolean | undefined,
  out: Terminal["out"],
): Promise<void> {
  for (const one of runs)
    for (const table of dataTables(one))
      for (const format of to.formats) {
        const path = join(to.folder, `${one.config.recipe.name}-${table.name}.${format}`);
        await expectNewFile(path, replace);
        await writeWhole(path, format === "csv" ? toCsv(table) : await toParquet(table));
        out.write(`${path}\n`);
      }
}

export const report: Command = {
  usage,
  run,
};
