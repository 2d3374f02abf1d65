import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Engine } from "../../engines/engine.ts";
import type { LoadedModel } from "../../finetune/load.ts";
import { measure } from "../../finetune/measure.ts";
import { partsOf } from "../../finetune/partsOf.ts";
import { expectReader, type Reader } from "../../finetune/reader.ts";
import { jsonText } from "../../json/jsonText.ts";
import { visible } from "../../report/escape.ts";
import { count } from "../../report/format.ts";
import { DataError } from "../../tensor/errors.ts";
import { encodeRows } from "../../text/examples.ts";
import { rowsOf } from "../../text/rows.ts";
import {
  describeModel,
  engineKnobs,
  modelKnobs,
  openEngine,
  openModel,
  weightsKnobs,
} from "../model/open.ts";
import { promptKnobs } from "../model/prompts.ts";
import { samplingKnobs } from "../model/sampling.ts";
import type { Command, Terminal } from "../terminal/command.ts";
import { describeKnobs, flag, oneOf, readKnobs, text, whole } from "../terminal/knobs.ts";
import { reportProblems } from "../terminal/problems.ts";
import { UsageError } from "../terminal/usage.ts";
import type { Evaluation, Given } from "./evaluation.ts";
import { renderMeasures } from "./table.ts";
import { judgeTask, TASKS } from "./tasks.ts";

const own = {
  data: text(
    "<file>",
    "rows with answers: JSONL, JSON, CSV or Parquet;\nwith --task the benchmark's questions, as `data` writes them",
  ),
  against: text("<model>", "compares with another model, or with `base`: without the adapter"),
  task: oneOf("lets the model answer, and a benchmark's program judge", TASKS),
  maxLength: whole("tokens of a row, longer ones are cut (default: the context)", 2, 2 ** 24),
  batch: whole("questions that are answered together (default: 8)", 1, 4096),
  json: flag("prints JSON in place of the table"),
};
const knobs = {
  ...modelKnobs,
  ...weightsKnobs,
  ...own,
  ...promptKnobs,
  ...samplingKnobs,
  ...engineKnobs,
};

const usage = `anchorgrad evaluate --model <model> --data <file> [options]: measures a model

  npx anchorgrad evaluate --model base --adapter runs/mine/adapter --data held-out.jsonl --against base
  npx anchorgrad evaluate --model org/name --data igsm.jsonl --task igsm

Of rows: log-loss (nats a target token) and perplexity; how many targets are the likeliest token,
and in how many rows all of them are (exact match: greedy generation gives the answer word for
word); KL to another model with the same tokenizer, both ways. Of a benchmark: what its verifier
says.

Model
${describeKnobs({ ...modelKnobs, ...weightsKnobs })}
What is measured
${describeKnobs({ ...own, ...promptKnobs })}
Draws, with --task
${describeKnobs(samplingKnobs)}
Engine
${describeKnobs(engineKnobs)}`;

async function run(args: readonly string[], terminal: Terminal): Promise<boolean> {
  const given = readKnobs(args, knobs);
  if (given.data === undefined)
    throw new UsageError("--data: expected a file of rows, got none; see --help");
  if (given.against === "base" && given.adapter === undefined)
    throw new UsageError("--against base: expected an --adapter that makes a difference, got none");
  await using engine = await openEngine(given);
  const loaded = await openModel(given, terminal, engine);
  if (!loaded) return false;
  const model = expectReader(loaded);
  terminal.err.write(`${describeModel(model)}\n`);
  const other =
    given.against === undefined ? undefined : await openOther(given, model, terminal, engine);
  if (given.against !== undefined && !other) return false;
  const path = resolve(terminal.folder, given.data);
  if (given.task !== undefined)
    return await judgeTask(given.task, path, { engine, model, other, given, terminal });
  return await measureRows(path, { engine, model, other, given, terminal });
}

async function openOther(
  { against, revision, dtype }: Given,
  model: LoadedModel & Reader,
  terminal: Terminal,
  engine: Engine,
): Promise<(LoadedModel & Reader) | undefined> {
  if (against === "base") return { ...model, model: model.base, params: partsOf(model).base };
  const chosen = {
    ...(against && { model: against }),
    ...(revision && { revision }),
    ...(dtype && { dtype }),
  };
  const other = await openModel(chosen, terminal, engine);
  if (!other) return undefined;
  if (other.config.vocabSize !== model.config.vocabSize)
    throw new DataError(
      `--against: expected a model of ${model.config.vocabSize} tokens, got one of ${other.config.vocabSize}`,
    );
  return expectReader(other);
}

async function measureRows(
  path: string,
  { engine, model, other, given, terminal }: Evaluation,
): Promise<boolean> {
  const { err, out, signal } = terminal;
  const rows = await rowsOf(path);
  const context = model.config.contextLength;
  const options = {
    maxLength: Math.min(given.maxLength ?? context, context),
    stopTokens: model.stopTokens,
  };
  const encoded = encodeRows(rows, { ...options, tokenizer: model.tokenizer, chat: model.chat });
  const { examples, left, truncated, notes } = encoded;
  reportProblems(
    err,
    left.map(({ place, reason }) => `${place}: ${reason}`),
    examples.length,
  );
  if (truncated > 0)
    err.write(`${count(truncated)} rows were cut to ${options.maxLength} tokens\n`);
  for (const note of notes) err.write(`${visible(note)}\n`);
  if (other) {
    const theirs = encodeRows(rows, { ...options, tokenizer: other.tokenizer, chat: model.chat });
    if (!isDeepStrictEqual(theirs.examples, examples))
      throw new DataError(
        `--against: expected the same tokenizer, got one that reads ${path} otherwise`,
      );
  }
  const measures = await measure(engine, model, examples, {
    ...{ signal, onProgress: (done: number) => progress(terminal, done, examples.length) },
    ...(other && { against: other }),
  });
  if (!measures) return false;
  const said = {
    ...{ model: given.model, ...(given.adapter && { adapter: given.adapter }) },
    ...{ data: given.data, ...(given.against && { against: given.against }) },
  };
  out.write(
    given.json ? jsonText({ ...said, ...measures }) : renderMeasures(measures, given.against),
  );
  return true;
}

/** A redrawn line where somebody looks. */
function progress({ err }: Terminal, done: number, all: number): void {
  if (err.isTTY !== true) return;
  err.write(done < all ? `\r\x1b[2K${count(done)} of ${count(all)} rows` : "\r\x1b[2K");
}

export const evaluate: Command = {
  usage,
  run,
};
