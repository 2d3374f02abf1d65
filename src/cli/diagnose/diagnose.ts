import { resolve } from "node:path";
import { createEngine } from "../../engines/create.ts";
import { adviseSeed } from "../../experiment/look/advice.ts";
import { type AdvisedSeed, adviceAgainst } from "../../experiment/look/agreement.ts";
import { diagnose as diagnoseRun } from "../../experiment/look/diagnose.ts";
import { expectRuns, reopenRun } from "../../experiment/runs/directory.ts";
import { allSeeds } from "../../experiment/runs/run.ts";
import { DataError } from "../../tensor/errors.ts";
import { at } from "../../tensor/shapes.ts";
import { backendNamed } from "../terminal/backend.ts";
import type { Command, Terminal } from "../terminal/command.ts";
import { describeKnobs, flag, only, readArguments, type Values, whole } from "../terminal/knobs.ts";
import { UsageError } from "../terminal/usage.ts";
import { renderAdvice } from "./adviceText.ts";
import { renderAgreement } from "./agreementText.ts";
import { checkpointKnobs, diagnoseCheckpoint } from "./checkpoint.ts";
import { renderDiagnosis } from "./text.ts";
import { whyOf } from "./why.ts";

const runKnobs = {
  seed: whole(
    "the seed: of a run the one to look at (default: its first),\nof a checkpoint's SFT the order of its examples (default: 0)",
    0,
    2 ** 31 - 1,
  ),
};
const agreement = flag(
  "of runs: recommends for each of their seeds, and compares that with\nwhat their families came to",
);
const json = flag("prints what is recommended, and by what, as JSON");
const knobs = { ...runKnobs, agreement, json, ...checkpointKnobs };

const usage = `anchorgrad diagnose --model <model> --data <file> | <run>: which method fits the data

  npx anchorgrad diagnose --model HuggingFaceTB/SmolLM2-135M --data mine.jsonl --retain prior.jsonl
  npx anchorgrad diagnose --model HuggingFaceTB/SmolLM2-135M --data mine.jsonl --sft adapter
  npx anchorgrad diagnose runs/study-C1/study-C1 --seed 20
  npx anchorgrad diagnose runs/study-C1 runs/study-C2a --agreement

Compares the base and p_sft token by token, before any method is tried: what the base knows already,
what is latent in it, what is rare but systematic, and what cannot be foreseen; from which weight on
an anchor takes over what SFT has learnt, and which weights are certified to keep what is to be kept.
Recommends a method as a command that runs, or plain SFT at a smaller rate, and says why. Whether
what is rare and systematic is wanted no number can say: it is taken to be, but for --unwanted.
Of a study's run, also checks what its anchored rows did.

Options
${describeKnobs(knobs)}`;

/** Choosing α from the data, before any anchored training. */
export const diagnose: Command = {
  usage,
  async run(args, terminal) {
    const { values, rest } = readArguments(args, knobs);
    const [name, ...others] = rest;
    const { model = values.data === undefined ? undefined : name } = values;
    if (others.length > 0 && !values.agreement)
      throw new UsageError(`diagnose: expected one run, got ${rest.join(" ")}`);
    if (name !== undefined && values.model !== undefined)
      throw new UsageError(`diagnose: expected a run or --model, got ${name} and ${values.model}`);
    if (model !== undefined) {
      if (values.agreement)
        throw new UsageError("diagnose: expected --agreement with runs, got it with a model");
      return diagnoseCheckpoint({ ...values, model }, terminal);
    }
    if (name === undefined)
      throw new UsageError("diagnose: expected a run's folder or --model, got none; see --help");
    const [odd] = Object.keys(only(values, checkpointKnobs));
    if (odd !== undefined)
      throw new UsageError(`diagnose: expected --${odd} with --model, got it with a run`);
    if (values.agreement) return compare(rest, values, terminal);
    await diagnoseSeed(name, values, terminal);
    return true;
  },
};

type RunValues = Pick<Values<typeof knobs>, "seed" | "json">;

const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

async function diagnoseSeed(
  name: string,
  { seed: asked, json }: RunValues,
  { out, folder }: Terminal,
): Promise<void> {
  const run = await reopenRun(resolve(folder, name));
  const seeds = allSeeds(run.config);
  const seed = asked ?? at(seeds, 0);
  if (!seeds.includes(seed))
    throw new UsageError(`--seed: expected one of ${seeds.join(", ")}, got ${seed}`);
  const { recipe, backend } = run.config;
  await using engine = await createEngine({ backend: backendNamed(backend) });
  const advised = await adviseSeed(engine, run, seed);
  if (json) {
    const why = whyOf(advised.features, advised.advice);
    out.write(jsonText({ study: recipe.name, seed, ...advised, why }));
    return;
  }
  out.write(`anchorgrad: the ${recipe.name} study of ${run.path}, seed ${seed}\n\n`);
  out.write(`${renderDiagnosis(await diagnoseRun(engine, run, seed))}\n\n`);
  out.write(`${renderAdvice(advised)}\n`);
}

/** @returns whether it came to its end */
async function compare(
  folders: readonly string[],
  { seed: asked, json }: RunValues,
  { out, err, folder, signal }: Terminal,
): Promise<boolean> {
  await using engine = await createEngine({ backend: "wasm" });
  const seeds: AdvisedSeed[] = [];
  const paths: string[] = [];
  for (const one of folders) paths.push(...(await expectRuns(resolve(folder, one))));
  for (const path of paths) {
    const run = await reopenRun(path);
    for (const seed of allSeeds(run.config)) {
      if (signal.aborted) return false;
      if (asked !== undefined && seed !== asked) continue;
      const one = await adviceAgainst(engine, run, seed);
      if (one) seeds.push(one);
      else err.write(`${path}: seed ${seed} left out: none of its families is finished\n`);
    }
  }
  if (seeds.length === 0)
    throw new DataError(`${folders.join(", ")}: expected runs with finished families, got none`);
  out.write(json ? jsonText(seeds) : `${renderAgreement(seeds)}\n`);
  return true;
}
