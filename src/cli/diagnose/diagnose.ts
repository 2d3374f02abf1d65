import { resolve } from "node:path";
import { createEngine } from "../../engines/create.ts";
import { diagnose as diagnoseRun } from "../../experiment/look/diagnose.ts";
import { reopenRun } from "../../experiment/runs/directory.ts";
import { allSeeds } from "../../experiment/runs/run.ts";
import { at } from "../../tensor/shapes.ts";
import { backendNamed } from "../terminal/backend.ts";
import type { Command, Terminal } from "../terminal/command.ts";
import { describeKnobs, only, readArguments, whole } from "../terminal/knobs.ts";
import { UsageError } from "../terminal/usage.ts";
import { checkpointKnobs, diagnoseCheckpoint } from "./checkpoint.ts";
import { renderDiagnosis } from "./text.ts";

const runKnobs = {
  seed: whole(
    "the seed: of a run the one to look at (default: its first),\nof a checkpoint's SFT the order of its examples (default: 0)",
    0,
    2 ** 31 - 1,
  ),
};
const knobs = { ...runKnobs, ...checkpointKnobs };

const usage = `anchorgrad diagnose <run> | --model <folder> …: which weight of p_sft to anchor with

  npx anchorgrad diagnose runs/full-2026-01-02-030405
  npx anchorgrad diagnose runs/study/study --seed 100
  npx anchorgrad diagnose --model SmolLM2-135M --data mine.jsonl --retain prior.jsonl
  npx anchorgrad diagnose --model SmolLM2-135M --sft adapter --data mine.jsonl --retain prior.jsonl

Compares the base and p_sft token by token, before any anchored training: from which weight on an
anchor between them takes over what is wanted, and from which on it also takes over what is alien
to the base, or changes what is to be kept. Suggests a weight. Of a run, checks what its anchored
rows did; of a checkpoint, p_sft is an adapter or model that is given, or a short SFT of its own.

Options
${describeKnobs(knobs)}`;

/** Choosing α from the data, before any anchored training. */
export const diagnose: Command = {
  usage,
  async run(args, terminal) {
    const { values, rest } = readArguments(args, knobs);
    const [name, ...others] = rest;
    if (others.length > 0)
      throw new UsageError(`diagnose: expected one run, got ${rest.join(" ")}`);
    const { model } = values;
    if (name !== undefined && model !== undefined)
      throw new UsageError(`diagnose: expected a run or --model, got ${name} and ${model}`);
    if (model !== undefined) return diagnoseCheckpoint({ ...values, model }, terminal);
    if (name === undefined)
      throw new UsageError("diagnose: expected a run's folder or --model, got none; see --help");
    const [odd] = Object.keys(only(values, checkpointKnobs));
    if (odd !== undefined)
      throw new UsageError(`diagnose: expected --${odd} with --model, got it with a run`);
    await diagnoseSeed(name, values.seed, terminal);
    return true;
  },
};

async function diagnoseSeed(
  name: string,
  asked: number | undefined,
  { out, folder }: Terminal,
): Promise<void> {
  const run = await reopenRun(resolve(folder, name));
  const seeds = allSeeds(run.config);
  const seed = asked ?? at(seeds, 0);
  if (!seeds.includes(seed))
    throw new UsageError(`--seed: expected one of ${seeds.join(", ")}, got ${seed}`);
  const { recipe, backend } = run.config;
  await using engine = await createEngine({ backend: backendNamed(backend) });
  out.write(`anchorgrad: the ${recipe.name} study of ${run.path}, seed ${seed}\n\n`);
  out.write(`${renderDiagnosis(await diagnoseRun(engine, run, seed))}\n`);
}
