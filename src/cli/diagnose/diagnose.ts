import { resolve } from "node:path";
import { createEngine } from "../../engines/create.ts";
import { diagnose as diagnoseRun } from "../../experiment/look/diagnose.ts";
import { reopenRun } from "../../experiment/runs/directory.ts";
import { allSeeds } from "../../experiment/runs/run.ts";
import { at } from "../../tensor/shapes.ts";
import { backendNamed } from "../terminal/backend.ts";
import type { Command } from "../terminal/command.ts";
import { describeKnobs, readKnobs, whole } from "../terminal/knobs.ts";
import { UsageError } from "../terminal/usage.ts";
import { renderDiagnosis } from "./text.ts";

const knobs = {
  seed: whole("the seed to look at; default: the run's first", 0, 2 ** 31 - 1),
};

const usage = `anchorgrad diagnose <run> [options]: which weight of p_sft to anchor with

  anchorgrad diagnose runs/full-2026-01-02-030405
  anchorgrad diagnose runs/study/study --seed 100

Compares the base and p_sft of a run token by token: from which weight on an anchor between them
takes the target's behaviour over, and from which on it also takes over what is alien to the base.
Suggests a weight between the two, and checks what the run's anchored rows did.

Options
${describeKnobs(knobs)}`;

/** Choosing α from the data, before any anchored training. */
export const diagnose: Command = {
  name: "diagnose",
  about: "which weight of p_sft to anchor with, from a run's base and p_sft",
  usage,
  async run(args, { out, folder }) {
    const [name, ...rest] = args;
    if (name === undefined || name.startsWith("-"))
      throw new UsageError("diagnose: expected a run's folder, got none; see --help");
    const { seed: asked } = readKnobs(rest, knobs);
    const run = await reopenRun(resolve(folder, name));
    const seeds = allSeeds(run.config);
    const seed = asked ?? at(seeds, 0);
    if (!seeds.includes(seed))
      throw new UsageError(`--seed: expected one of ${seeds.join(", ")}, got ${seed}`);
    const { recipe, backend } = run.config;
    await using engine = await createEngine({ backend: backendNamed(backend) });
    out.write(`anchorgrad: the ${recipe.name} study of ${run.path}, seed ${seed}\n\n`);
    out.write(`${renderDiagnosis(await diagnoseRun(engine, run, seed))}\n`);
    return true;
  },
};
