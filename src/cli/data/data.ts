import { resolve } from "node:path";
import { visible } from "../../report/escape.ts";
import { count as grouped } from "../../report/format.ts";
import { OptionsError } from "../../tasks/optionsError.ts";
import { DataError } from "../../tensor/errors.ts";
import { key } from "../../tensor/random.ts";
import { fetchPublished } from "../download/download.ts";
import { publicationOf } from "../download/sources.ts";
import type { Command, Terminal } from "../terminal/command.ts";
import { writeFile, writeOut } from "../terminal/files.ts";
import {
  describeKnobs,
  flag,
  type Knobs,
  oneOf,
  only,
  overwrite,
  readKnobs,
  text,
  whole,
} from "../terminal/knobs.ts";
import { expectNewFile } from "../terminal/place.ts";
import { reportProblems } from "../terminal/problems.ts";
import { UsageError } from "../terminal/usage.ts";
import { drawnBenchmarks, drawSamples } from "./drawn.ts";
import { fileBenchmarks } from "./files.ts";
import { formats, type Sample, toRow } from "./rows.ts";

const knobs = {
  format: oneOf("default: messages; alpaca is instruction, input, output", formats),
  out: text("<file>", "where to write; default: the standard output"),
  bare: flag("without the fields that only `score` needs"),
  overwrite,
};

const drawnKnobs = {
  count: whole("how many rows; default: 1000", 0, 1e9),
  seed: whole("default: 0", 0, 2 ** 32 - 1),
};

const fileKnobs = {
  file: text("<file>", "the benchmark's file"),
  download: flag("in place of --file: the published file, fetched unless it is there"),
  count: whole("at most so many rows, from the first", 0, 1e9),
};

const knobsOf = (name: string): Knobs =>
  fileBenchmarks[name]
    ? { ...fileBenchmarks[name].knobs, ...publicationOf(name).knobs }
    : (drawnBenchmarks[name]?.knobs ?? {});

const names = [...Object.keys(drawnBenchmarks), ...Object.keys(fileBenchmarks)];

const usage = `anchorgrad data <benchmark> [options]: writes a benchmark's rows as JSONL

  npx anchorgrad data igsm --op 15 --split train --count 10000 --out igsm.jsonl
  npx anchorgrad data medcalc --file test_data.csv --format alpaca --out medcalc.jsonl

Options
${describeKnobs(knobs)}
Options of benchmarks that are drawn:
${Object.keys(drawnBenchmarks).join(", ")}
${describeKnobs(drawnKnobs)}
Options of benchmarks that are read from a file:
${Object.keys(fileBenchmarks).join(", ")}
${describeKnobs(fileKnobs)}${Object.entries({ ...drawnBenchmarks, ...fileBenchmarks })
  .map(([name, { about }]) => `\n${name}: ${about}\n${describeKnobs(knobsOf(name))}`)
  .join("")}`;

/** Rows to write, and why others are not there. */
interface Source {
  readonly samples: Iterable<Sample>;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** Undefined when interrupted. */
async function openSource(
  name: string,
  values: ReturnType<typeof readKnobs>,
  terminal: Terminal,
): Promise<Source | undefined> {
  const at = (path: string): string => resolve(terminal.folder, path);
  const own = only(values, knobsOf(name));
  const drawn = drawnBenchmarks[name];
  if (drawn) {
    const { count = 1000, seed = 0 } = only(values, drawnKnobs);
    const samples = drawSamples(name, drawn, own, { root: key(seed), seed, count });
    return { samples, problems: [], notes: [] };
  }
  const { file, download, count } = only(values, fileKnobs);
  if ((file === undefined) === (download === undefined))
    throw new UsageError(`data ${name}: expected either --file or --download; see --help`);
  const path = file === undefined ? await fetchPublished(name, own, terminal) : at(file);
  if (path === undefined) return undefined;
  const converted = await fileBenchmarks[name]
    ?.convert(path, own, at, terminal.signal)
    .catch((error: unknown): undefined => {
      if (!terminal.signal.aborted) throw error;
    });
  if (!converted) return undefined;
  if (converted.samples.length === 0) {
    reportProblems(terminal.err, converted.problems, 0);
    throw new DataError(`${path}: expected rows of ${name}, got none`);
  }
  const samples = converted.samples.slice(0, count);
  return { ...converted, samples, notes: [...converted.notes, ...repeatedIds(samples)] };
}

/** A row that stands twice counts twice, in training and in a score: that is said. */
function repeatedIds(samples: readonly Sample[]): readonly string[] {
  const seen = new Set<string>();
  const again = new Set<string>();
  for (const { id } of samples) (seen.has(id) ? again : seen).add(id);
  const [first] = again;
  if (first === undefined) return [];
  return [`ids that stand more than once: ${again.size}, ${JSON.stringify(first)} first`];
}

async function run([name = "", ...args]: readonly string[], terminal: Terminal): Promise<boolean> {
  if (!names.includes(name))
    throw new UsageError(`data: expected one of ${names.join(", ")}, got ${name || "nothing"}`);
  const special = drawnBenchmarks[name] ? drawnKnobs : fileKnobs;
  const values = readKnobs(args, { ...knobsOf(name), ...special, ...knobs });
  const { format = "messages", out, bare = false, ...own } = only(values, knobs);
  if (out) await expectNewFile(resolve(terminal.folder, out), own.overwrite);
  const source = await openSource(name, values, terminal);
  if (source === undefined) return false;
  let written = 0;
  function* lines(samples: Iterable<Sample>): Generator<string> {
    for (const sample of samples) {
      yield `${JSON.stringify(toRow(sample, format, bare))}\n`;
      written++;
    }
  }
  const { err, signal, folder } = terminal;
  const texts = lines(source.samples);
  try {
    const finished = out
      ? await writeFile(resolve(folder, out), texts, signal, own.overwrite)
      : await writeOut(terminal.out, texts, signal);
    for (const note of source.notes) err.write(`${visible(note)}\n`);
    reportProblems(err, source.problems, written);
    if (finished && out)
      err.write(`${resolve(folder, out)}: ${grouped(written)} ${written === 1 ? "row" : "rows"}\n`);
    return finished;
  } catch (error) {
    throw error instanceof OptionsError ? new UsageError(error.message) : error;
  }
}

export const data: Command = {
  usage,
  run,
};
