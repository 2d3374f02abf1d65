import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { numericsOf } from "../../engines/numerics.ts";
import { expectReader } from "../../finetune/reader.ts";
import { count } from "../../report/format.ts";
import {
  describeModel,
  engineKnobs,
  modelKnobs,
  openEngine,
  openModel,
  weightsKnobs,
} from "../model/open.ts";
import { promptKnobs, readPrompts } from "../model/prompts.ts";
import { respond } from "../model/respond.ts";
import { describeSampling, samplingKnobs, samplingOf } from "../model/sampling.ts";
import type { Command, Terminal } from "../terminal/command.ts";
import { describeKnobs, flag, readKnobs, text, whole } from "../terminal/knobs.ts";
import { expectBelowAFolder } from "../terminal/place.ts";
import { UsageError } from "../terminal/usage.ts";
import { ownVersions } from "../terminal/version.ts";
import { type Journal, openJournal } from "./journal.ts";

const own = {
  prompts: text(
    "<file>",
    "JSONL, JSON, CSV or Parquet: `prompt`, `messages`,\n`instruction` or `question`",
  ),
  out: text("<file>", "the responses; default: beside the prompts, .responses.jsonl"),
  batch: whole("prompts that are answered side by side (default: 8)", 1, 4096),
  sampled: flag("draws as the checkpoint's generation_config.json asks for"),
  overwrite: flag("replaces a file of responses that is there"),
};
const knobs = {
  ...modelKnobs,
  ...weightsKnobs,
  ...own,
  ...promptKnobs,
  ...samplingKnobs,
  ...engineKnobs,
};

const usage = `anchorgrad generate --model <model> --prompts <file> [options]: answers a file of prompts

  npx anchorgrad generate --model org/name --prompts igsm.jsonl --out responses.jsonl
  npx anchorgrad score igsm --responses responses.jsonl

Each row comes back as it was, with its \`response\`: \`score\` reads the file. The likeliest token is
taken unless draws are asked for. How the responses were made stands beside them, in .settings.json.
The same command goes on where an interrupted one stopped.

Model
${describeKnobs({ ...modelKnobs, ...weightsKnobs })}
Prompts and responses
${describeKnobs({ ...own, ...promptKnobs })}
Draws
${describeKnobs(samplingKnobs)}
Engine
${describeKnobs(engineKnobs)}`;

/** Tokens of an answer where neither the command line nor the checkpoint says. */
export const MAX_TOKENS = 256;

const besides = (path: string): string =>
  `${path.replace(/\.(jsonl?|csv|parquet)$/i, "")}.responses.jsonl`;

async function run(args: readonly string[], terminal: Terminal): Promise<boolean> {
  const given = readKnobs(args, knobs);
  if (given.prompts === undefined)
    throw new UsageError("--prompts: expected a file of prompts, got none; see --help");
  const { err, folder, signal } = terminal;
  const path = resolve(folder, given.prompts);
  const out = given.out === undefined ? besides(path) : resolve(folder, given.out);
  await expectBelowAFolder(out);
  await using engine = await openEngine(given);
  const loaded = await openModel(given, terminal, engine);
  if (!loaded) return false;
  const model = expectReader(loaded);
  const prompts = await readPrompts(path, model, given, err);
  const sampling = samplingOf(given, given.sampled ? model.generation : undefined);
  const { batch = 8, seed = 0, stop: stops } = given;
  const maxTokens = given.maxTokens ?? model.generation.maxNewTokens ?? MAX_TOKENS;
  const settings = {
    ...{
      model: given.model,
      ...(given.adapter && { adapter: given.adapter }),
      folder: model.folder,
    },
    ...{ sampling, maxTokens, seed, batch, stopTokens: model.stopTokens },
    ...(stops && { stops }),
    ...{ template: model.chat !== undefined && !given.raw, system: given.system ?? null },
    prompts: createHash("sha256").update(JSON.stringify(prompts)).digest("hex"),
    ...{ engine: engine.backend, numerics: numericsOf(engine) },
    versions: await ownVersions(),
  };
  const journal = await openJournal(out, settings, { overwrite: given.overwrite ?? false });
  err.write(`${describeModel(model)}\n`);
  err.write(
    `${count(prompts.length)} prompts, ${describeSampling(sampling)}, at most ${count(maxTokens)} tokens each\n`,
  );
  if (journal.done > 0) err.write(`going on after ${count(journal.done)} responses\n`);
  const raw = !model.chat || given.raw === true;
  const { promptLookup } = given;
  const how = { sampling, maxTokens, seed, batch, raw, promptLookup, stops };
  const options = { ...how, signal, skip: journal.done };
  const started = performance.now();
  let [done, tokens, ended] = [journal.done, 0, 0];
  for await (const { from, answers } of respond(engine, model, prompts, options)) {
    await journal.write(
      answers.map(({ text: response, ended }, i) => ({
        ...prompts[from + i]?.row,
        response,
        ...(!ended && { truncated: true }),
      })),
    );
    done += answers.length;
    tokens += answers.reduce((sum, answer) => sum + answer.tokens, 0);
    ended += answers.filter((answer) => answer.ended).length;
    const rate = tokens / Math.max((performance.now() - started) / 1000, 1e-3);
    err.write(`${count(done)} of ${count(prompts.length)}, ${rate.toFixed(1)} tokens/s\n`);
  }
  return finish(journal, { done, all: prompts.length, ended, out }, terminal);
}

async function finish(
  journal: Journal,
  { done, all, ended, out }: { done: number; all: number; ended: number; out: string },
  { err, out: result }: Terminal,
): Promise<boolean> {
  if (done < all) {
    await journal.close();
    err.write(`${count(done)} of ${count(all)} responses are kept: the same command goes on\n`);
    return false;
  }
  await journal.finish();
  err.write(`${count(all)} responses, ${count(ended)} ended by the model now\n`);
  result.write(`${out}\n`);
  return true;
}

export const generate: Command = {
  usage,
  run,
};
